package dev.lora4j.nn.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class Bfloat16ProductsTest {
  @TempDir private Path directory;

  @Test
  void theUnitIsAmongTheCpusFeatures() throws IOException {
    Path with =
        Files.writeString(directory.resolve("a"), "model\t: 1\nflags\t\t: fpu amx_bf16 x\n");
    Path without = Files.writeString(directory.resolve("b"), "flags\t\t: fpu avx512_bf16 x\n");

    assertThat(Bfloat16Products.hasUnit(with)).isTrue();
    assertThat(Bfloat16Products.hasUnit(without)).isFalse();
    assertThat(Bfloat16Products.hasUnit(directory.resolve("absent"))).isFalse();
  }

  @Test
  void productsAreRoundedOnlyWhereAllowed() {
    assertThat(Bfloat16Products.suit(Long.MAX_VALUE)).isFalse();
    assertThat(Bfloat16Products.allow(() -> Bfloat16Products.suit(1))).isFalse();
    assertThat(Bfloat16Products.suit(Long.MAX_VALUE)).isFalse();
  }
}
