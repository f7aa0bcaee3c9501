"""What is done about the domains that accounts send from, beside verifying them."""
