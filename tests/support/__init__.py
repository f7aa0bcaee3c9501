"""What tests and the demo share: real local mail servers, a test CA, servers that misbehave on purpose."""
