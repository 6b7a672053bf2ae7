// Label selectors, as Kubernetes reads them.

/** Whether a selector takes an object with these labels. A selector that is not there takes none. */
export function selects(selector, labels) {
  if (!selector) return false
  const equal = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value)
  return equal && (selector.matchExpressions ?? []).every((expression) => holds(expression, labels))
}

function holds({ key, operator, values }, labels) {
  switch (operator) {
    case "In":
      return key in labels && values.includes(labels[key])
    case "NotIn":
      return !(key in labels) || !values.includes(labels[key])
    case "Exists":
      return key in labels
    case "DoesNotExist":
      return !(key in labels)
    default:
      throw new Error(`a selector has the operator ${operator}`)
  }
}
