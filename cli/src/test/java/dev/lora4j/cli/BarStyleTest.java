package dev.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BarStyleTest {
  private final BarStyle style = new BarStyle("#", "+", ".");

  @ParameterizedTest
  @CsvSource({"0, ....", "0.1, ....", "0.2, +...", "0.5, ##..", "0.99, ###+", "1, ####", "2, ####"})
  void halfColumns(double share, String bar) {
    assertThat(style.bar(share, 4)).isEqualTo(bar);
  }
}
