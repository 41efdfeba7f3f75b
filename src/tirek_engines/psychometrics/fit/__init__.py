"""Do items and persons behave as the model says?"""
