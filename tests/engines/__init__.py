"""What must hold in every browser engine that people use: Chromium, Firefox and WebKit."""
