package dev.lora4j.nn.block;

import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class HalvesTest {

  @Test
  void everyHalfIsReadAndWrittenAsItself() {
    for (int bits = 0; bits < 1 << 16; bits++) {
      float value = Halves.toFloat(bits);
      assertThat(Halves.fromFloat(value)).isEqualTo(Float.isNaN(value) ? 0x7e00 : bits);
    }
  }

  @Property
  void nearestHalfIsWritten(@ForAll float value) {
    float found = Halves.toFloat(Halves.fromFloat(value));
    if (Math.abs(value) >= 65520) {
      assertThat(found).isEqualTo(Math.copySign(Float.POSITIVE_INFINITY, value));
      return;
    }
    int bits = Halves.fromFloat(value);
    double error = Math.abs((double) found - value);
    for (int other : new int[] {bits - 1, bits + 1}) {
      double otherError = Math.abs((double) Halves.toFloat(other) - value);
      assertThat(Double.isNaN(otherError) || error <= otherError).isTrue();
      assertThat(
              error < otherError || error > otherError || bits % 2 == 0 || Double.isNaN(otherError))
          .isTrue();
    }
  }
}
