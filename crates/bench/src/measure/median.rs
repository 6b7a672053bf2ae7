//! The middle of a few measurements: one disturbed window does not move it.

/// The median; of an even number, the mean of the two in the middle.
///
/// # Panics
///
/// If there is nothing to take it of: a benchmark without a window is a mistake of its author.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    assert!(!values.is_empty(), "a median needs at least one value");
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 }
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn is_the_middle_one_whatever_the_order() {
        assert_eq!(median([5.0, 1.0, 1000.0]), 5.0);
        assert_eq!(median([2.0]), 2.0);
    }

    #[test]
    fn is_between_the_two_in_the_middle() {
        assert_eq!(median([4.0, 1.0, 2.0, 100.0]), 3.0);
    }
}
