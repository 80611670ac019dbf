package dev.lora4j.cli.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.train.LossCurve.Point;
import java.util.List;
import org.junit.jupiter.api.Test;

class SmoothTest {

  @Test
  void theFirstPointStaysAndTheLastOnesCountTogether() {
    assertThat(Smooth.of(List.of(new Point(1, 3), new Point(2, 9), new Point(3, 0))))
        .containsExactly(new Point(1, 3), new Point(2, 4), new Point(3, 4));
  }

  @Test
  void aStraightLineStaysOneUntilItsLastPoints() {
    List<Point> line = Reports.line(50);

    assertThat(Smooth.of(line).subList(0, 44)).isEqualTo(line.subList(0, 44));
  }

  @Test
  void nothing() {
    assertThat(Smooth.of(List.of())).isEmpty();
  }
}
