package dev.lora4j.cli.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class DemoSettingsTest {
  private static List<String> command(String data, String... classes) {
    Path out = Path.of("my report");
    return new DemoSettings(data, 2, 3, 4, 1e-3, 1e-4, 8, 16, List.of(), 5, 2, "cpu", out)
        .commandParts(List.of(classes));
  }

  @Test
  void commandRepeatsEverySetting() {
    assertThat(String.join(" ", command("cifar10", "bird", "cat")))
        .isEqualTo(
            "./lora demo --data cifar10 --epochs 2 --lora-epochs 3 --batch-size 4"
                + " --learning-rate 0.001 --lora-lr 0.0001 --rank 8 --alpha 16 --classes bird,cat --seed 5 --workers 2"
                + " --device cpu --out 'my report'");
  }

  @Test
  void shellCharactersAreQuoted() {
    assertThat(command("/my data/$(rm).zip", "it's"))
        .contains("--data '/my data/$(rm).zip'", "--classes 'it'\\''s'");
  }
}
