"""Web: the server of the chat, and what it takes from whoever can reach it."""
