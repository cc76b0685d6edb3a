"""Text-to-speech and conversion of sounds, at apply time."""
