// TabularSteps
