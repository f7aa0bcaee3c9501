"""Operations: many conversations at once, and what apply checks in which order."""
