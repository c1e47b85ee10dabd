"""The page as HTML: the conversation, the library, whole documents."""
