"""Does an item work alike in different groups?"""
