package dev.lora4j.cli.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.train.LossCurve.Point;
import java.util.List;
import org.junit.jupiter.api.Test;

class CurveTest {

  @Test
  void runningMeanKeepsTheFirstPointAndAveragesTheLast() {
    assertThat(Curve.runningMean(List.of(new Point(1, 3), new Point(2, 9), new Point(3, 0))))
        .containsExactly(new Point(1, 3), new Point(2, 4), new Point(3, 4));
  }

  @Test
  void runningMeanKeepsAStraightLineExceptAtItsEnd() {
    List<Point> line = Reports.line(50);

    assertThat(Curve.runningMean(line).subList(0, 44)).isEqualTo(line.subList(0, 44));
  }

  @Test
  void runningMeanOfNothingIsEmpty() {
    assertThat(Curve.runningMean(List.of())).isEmpty();
  }

  @Test
  void exactCurveIsDrawnThroughItsPoints() {
    List<Point> points = List.of(new Point(0, 3), new Point(5, 9), new Point(10, 1));
    assertThat(Curve.exact("Validation loss", ChartColor.LORA, points).line()).isEqualTo(points);
  }
}
