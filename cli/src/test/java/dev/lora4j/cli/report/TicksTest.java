package dev.lora4j.cli.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TicksTest {

  @ParameterizedTest
  @CsvSource({
    "2.41, 0.0 0.5 1.0 1.5 2.0 2.5",
    "0.5, 0.0 0.1 0.2 0.3 0.4 0.5",
    "0.031, 0.00 0.01 0.02 0.03 0.04",
    "12, 0 5 10 15",
    "0, 0 1"
  })
  void roundUpEndsOnATick(double max, String labels) {
    Ticks ticks = Ticks.roundUp(max, 5);

    assertThat(labels(ticks)).containsExactly(labels.split(" "));
    assertThat(ticks.end()).isGreaterThanOrEqualTo(max);
  }

  @ParameterizedTest
  @CsvSource({"7500, '0 2,000 4,000 6,000'", "3, 0 1 2 3", "1, 0 1"})
  void exactEndsWithTheData(double max, String labels) {
    Ticks ticks = Ticks.exact(max, 4);

    assertThat(labels(ticks)).containsExactly(labels.split(" "));
    assertThat(ticks.end()).isEqualTo(max);
  }

  @ParameterizedTest
  @CsvSource({
    "2.81, 4.22, 2.5 3.0 3.5 4.0 4.5",
    "0.3, 0.7, 0.3 0.4 0.5 0.6 0.7",
    "0.1, 2.41, 0.0 0.5 1.0 1.5 2.0 2.5",
    "0, 0, 0 1"
  })
  void aroundCoversTheData(double min, double max, String labels) {
    Ticks ticks = Ticks.around(min, max, 5);

    assertThat(labels(ticks)).containsExactly(labels.split(" "));
    assertThat(ticks.share(ticks.start())).isZero();
    assertThat(ticks.share(ticks.end())).isEqualTo(1);
  }

  private static List<String> labels(Ticks ticks) {
    return Arrays.stream(ticks.values()).mapToObj(ticks::label).toList();
  }
}
