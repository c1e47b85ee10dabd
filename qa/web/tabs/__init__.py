"""The page in Gradio: its tabs and their events. Imported by ``app.py`` alone."""
