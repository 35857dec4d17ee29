"""What a file says about itself: its true type, its tags, a film's subtitles."""
