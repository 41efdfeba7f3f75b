"""The programme's activity file by the International Aid Transparency Initiative (IATI 2.03): written, and checked."""
