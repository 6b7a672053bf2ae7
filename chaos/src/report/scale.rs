//! From time to places on the drawing, and round steps for its axes.

use crate::history::Micros;

/// Maps the time of a drill to a width.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// Where time zero is.
    pub left: f64,
    /// How wide the whole time is.
    pub width: f64,
    /// The whole time.
    pub ends: Micros,
}

impl Scale {
    /// The place of a time.
    pub fn x(&self, at: Micros) -> f64 {
        self.left + self.width * (at.min(self.ends).0 as f64 / self.ends.0.max(1) as f64)
    }

    /// The width between two times; what is there at all can be seen.
    pub fn span(&self, from: Micros, to: Micros) -> f64 {
        (self.x(to) - self.x(from)).max(0.75)
    }

    /// Times for the marks of the axis, in round steps, about ten.
    pub fn ticks(&self) -> Vec<Micros> {
        let step = (round_step(self.ends.seconds() / 10.0) * 1e6) as u64;
        (0..).map(|number| Micros(number * step.max(1))).take_while(|at| *at <= self.ends).collect()
    }
}

/// The first of 1, 2, 5, 10, 20, … hundredths that is at least this.
pub fn round_step(least: f64) -> f64 {
    let mut unit = 0.01;
    loop {
        for factor in [1.0, 2.0, 5.0] {
            if unit * factor >= least {
                return unit * factor;
            }
        }
        unit *= 10.0;
        if unit > 1e12 {
            return unit;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round() {
        assert_eq!([0.0, 0.22, 1.0, 3.0, 31.0].map(round_step), [0.01, 0.5, 1.0, 5.0, 50.0]);
    }

    #[test]
    fn time_fills_the_width() {
        let scale = Scale { left: 100.0, width: 1_000.0, ends: Micros(10_000_000) };
        assert_eq!(scale.x(Micros(0)), 100.0);
        assert_eq!(scale.x(Micros(5_000_000)), 600.0);
        assert_eq!(scale.x(Micros(90_000_000)), 1_100.0, "nothing leaves the drawing");
        assert_eq!(scale.ticks().len(), 11);
        let nothing = Scale { ends: Micros(0), ..scale };
        assert_eq!((nothing.x(Micros(0)), nothing.ticks().len()), (100.0, 1));
    }
}
