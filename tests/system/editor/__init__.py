"""The published schemas in an editor: completion, hover and errors by yaml-language-server itself."""
