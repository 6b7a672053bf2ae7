//! Where in a text some lines stand: at the line that is named, or else nearest to it.

use super::work::Work;
use crate::problem::Problem;

/// What a line is, for comparing: lines that count as equal have the same number.
pub(super) type LineId = u32;

/// Where lines stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// From this line on.
    At(usize),
    /// At two places that are equally far from where they were sought.
    Two(usize, usize),
    /// Nowhere.
    Nowhere,
}

/// Finds `wanted` in `lines`, from `floor` on and as near to `near` as can be; all count from 0. No line at all stands where
/// it is sought, if that is in the text.
pub(super) fn nearest(
    lines: &[LineId],
    wanted: &[LineId],
    near: i64,
    floor: usize,
    work: &mut Work,
) -> Result<Place, Problem> {
    let Some(last) = lines.len().checked_sub(wanted.len()) else { return Ok(Place::Nowhere) };
    if wanted.is_empty() {
        let there = usize::try_from(near).ok().filter(|near| (floor..=lines.len()).contains(near));
        return Ok(there.map_or(Place::Nowhere, Place::At));
    }
    let (first, last) = (floor as i64, last as i64);
    let from = (first - near).max(near - last).max(0);
    let to = (near - first).max(last - near);
    for distance in from..=to {
        let before = stands(lines, wanted, near - distance, first..=last, work)?;
        let behind =
            if distance == 0 { None } else { stands(lines, wanted, near + distance, first..=last, work)? };
        match (before, behind) {
            (Some(one), Some(other)) => return Ok(Place::Two(one, other)),
            (Some(at), None) | (None, Some(at)) => return Ok(Place::At(at)),
            (None, None) => {}
        }
    }
    Ok(Place::Nowhere)
}

/// The place, if it is among those that are allowed and the lines stand there.
fn stands(
    lines: &[LineId],
    wanted: &[LineId],
    at: i64,
    allowed: std::ops::RangeInclusive<i64>,
    work: &mut Work,
) -> Result<Option<usize>, Problem> {
    if !allowed.contains(&at) {
        return Ok(None);
    }
    let at = at as usize;
    let equal = lines[at..].iter().zip(wanted).take_while(|(line, wanted)| line == wanted).count();
    work.take(equal + 1)?;
    Ok((equal == wanted.len()).then_some(at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn find(lines: &[LineId], wanted: &[LineId], near: i64, floor: usize) -> Place {
        nearest(lines, wanted, near, floor, &mut Work::new()).unwrap()
    }

    #[test]
    fn the_nearest_place_is_found() {
        let lines = [1, 2, 3, 1, 2, 3, 9];
        assert_eq!(find(&lines, &[2, 3], 1, 0), Place::At(1));
        assert_eq!(find(&lines, &[2, 3], 2, 0), Place::At(1));
        assert_eq!(find(&lines, &[2, 3], 3, 0), Place::At(4));
        assert_eq!(find(&lines, &[1], 99, 0), Place::At(3));
        assert_eq!(find(&lines, &[1], -99, 0), Place::At(0));
        assert_eq!(find(&lines, &[1], 0, 1), Place::At(3));
        assert_eq!(find(&lines, &[9, 9], 0, 0), Place::Nowhere);
        assert_eq!(find(&[1], &[1, 1], 0, 0), Place::Nowhere);
        assert_eq!(find(&[5, 1, 1, 5], &[5], 1, 0), Place::At(0));
        assert_eq!(find(&[5, 1, 5], &[5], 1, 0), Place::Two(0, 2));
    }

    #[test]
    fn no_line_stands_where_it_is_sought() {
        assert_eq!(find(&[1, 2], &[], 2, 1), Place::At(2));
        for (near, floor) in [(3, 0), (0, 1), (-1, 0), (i64::MAX / 2, 0)] {
            assert_eq!(find(&[1, 2], &[], near, floor), Place::Nowhere);
        }
    }

    #[test]
    fn a_search_ends() {
        let (lines, mut wanted) = (vec![1; 200_000], vec![1; 100_000]);
        wanted.push(2);
        assert!(nearest(&lines, &wanted, 0, 0, &mut Work::new()).is_err());
    }

    proptest! {
        #[test]
        fn what_is_found_is_the_nearest(
            lines in proptest::collection::vec(0..3_u32, 0..12),
            wanted in proptest::collection::vec(0..3_u32, 1..4),
            near in -3..15_i64,
            floor in 0..4_usize,
        ) {
            let all = (floor..lines.len()).filter(|&at| lines[at..].starts_with(&wanted));
            let far = |at: usize| (at as i64 - near).abs();
            let nearest = all.clone().map(far).min();
            let best: Vec<_> = all.filter(|&at| Some(far(at)) == nearest).collect();
            let expected = match best[..] {
                [] => Place::Nowhere,
                [at] => Place::At(at),
                [one, other, ..] => Place::Two(one, other),
            };
            prop_assert_eq!(find(&lines, &wanted, near, floor), expected);
        }
    }
}
