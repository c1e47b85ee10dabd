"""Files: the folder walked, each file read to a document in a limited process."""
