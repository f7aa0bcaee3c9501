"""What a release is made of beside the package: container, action, hooks, manual pages, bill of materials."""
