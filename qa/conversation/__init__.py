"""Conversation: what a message asks, after what was said before."""
