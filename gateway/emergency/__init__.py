"""Emergency rules: who asked to open one, who confirmed it, and until when it is open."""
