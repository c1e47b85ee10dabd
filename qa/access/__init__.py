"""Access: who may ask and who may write, on which part of the library, how often."""
