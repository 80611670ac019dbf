package dev.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Objects;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine.Model.CommandSpec;

/** An option that is given several times keeps its last value, and other options stay. */
class RepeatedOptionsTest {
  private static final CommandSpec TRAIN =
      Objects.requireNonNull(Main.commandLine().getSubcommands().get("train")).getCommandSpec();

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "train --steps 3 --rank 4|train --steps 3 --rank 4",
        "train --steps 3 --max-seq-length 64 --max-seq-length=32|train --steps 3 --max-seq-length=32",
        "train --lr 1e-3 --learning-rate 1e-4|train --learning-rate 1e-4",
        "train --resume --dora --resume|train --dora --resume",
        "train --sweep lr=1 --sweep learning-rate=2|train --sweep lr=1 --sweep learning-rate=2",
        "train --out --steps --steps 3|train --out --steps --steps 3"
      })
  void theLastValueCounts(String given, String kept) {
    List<String> last = RepeatedOptions.lastOf(TRAIN, List.of(given.split(" ")));

    assertThat(String.join(" ", last)).isEqualTo(kept);
  }
}
