"""What Jupyter shows: anywidget classes, and one script for all of them.

Read next: `player_widget`, `player.js`.
"""
