"""Mijn Profiel: where people see their own rights and who administers their organisation."""
