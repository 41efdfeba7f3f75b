"""Rooms: their condition, their equipment, works and acceptance."""
