package dev.lora4j.vision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class NormalizationTest {

  @Test
  void halfMapsBytesToMinusOneToOne() {
    assertThat(Normalization.HALF.divisors(3)).containsExactly(127.5f, 127.5f, 127.5f);
    assertThat(Normalization.HALF.shifts(3)).containsExactly(1f, 1f, 1f);
  }

  @Test
  void eachChannelHasItsOwnMeanAndStd() {
    Normalization n = new Normalization(List.of(0.1, 0.2), List.of(0.5, 0.25));

    assertThat(n.divisors(2)).containsExactly(127.5f, 63.75f);
    assertThat(n.shifts(2)).containsExactly(0.2f, 0.8f);
    assertThatThrownBy(() -> n.shifts(3)).hasMessage("expected 1 or 3 values, found 2");
  }

  @Test
  void zeroStdIsRefused() {
    assertThatThrownBy(() -> new Normalization(List.of(0.0), List.of(0.0)))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
