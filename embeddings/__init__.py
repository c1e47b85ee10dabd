"""The library side: files to documents, passages, vectors and a stored index."""

import os

# ONNX Runtime looks at it when it is imported. Otherwise it tells its maker of every session,
# and keeps what it could not send yet in the user's cache folder.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
