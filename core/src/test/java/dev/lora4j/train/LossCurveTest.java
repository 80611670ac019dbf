package dev.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lora4j.train.LossCurve.Point;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class LossCurveTest {

  @Test
  void shortRunHasAPointForEachStep() {
    assertThat(ofSteps(3).points())
        .containsExactly(new Point(1, 1), new Point(2, 2), new Point(3, 3));
  }

  @Test
  void longRunHasWindowsAndARemainder() {
    LossCurve curve = ofSteps(605);

    assertThat(curve.points()).hasSize(202).startsWith(new Point(3, 2), new Point(6, 5));
    assertThat(curve.points()).endsWith(new Point(603, 602), new Point(605, 604.5));
  }

  @Property(tries = 100)
  void meanOfTheWindowsIsTheMeanOfTheSteps(@ForAll @IntRange(max = 3000) int steps) {
    LossCurve curve = ofSteps(steps);

    double sum = 0;
    long last = 0;
    for (Point point : curve.points()) {
      sum += point.loss() * (point.step() - last);
      last = point.step();
    }
    assertThat(last).isEqualTo(steps);
    assertThat(sum).isCloseTo(steps * (steps + 1) / 2.0, within(1e-6));
    assertThat(curve.points().size()).isLessThan(400);
  }

  /** Returns a curve in which the loss of step n is n. */
  private static LossCurve ofSteps(int steps) {
    LossCurve curve = new LossCurve(steps);
    for (int step = 1; step <= steps; step++) {
      curve.add(step, step);
    }
    curve.finish();
    return curve;
  }
}
