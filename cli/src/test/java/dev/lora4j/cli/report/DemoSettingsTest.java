package dev.lora4j.cli.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class DemoSettingsTest {
  private static DemoSettings settings(String data, String... classes) {
    return new DemoSettings(
        data, 2, 3, 4, 1e-3, 1e-4, 8, 16, List.of(classes), 5, 2, "cpu", Path.of("my report"));
  }

  @Test
  void commandRepeatsEverySetting() {
    assertThat(settings("cifar10", "bird", "cat").commandLine())
        .isEqualTo(
            "./lora demo --data cifar10 --epochs 2 --lora-epochs 3 --batch-size 4"
                + " --learning-rate 0.001 --lora-lr 0.0001 --rank 8 --alpha 16 --classes bird,cat --seed 5 --workers 2"
                + " --device cpu --out 'my report'");
  }

  @Test
  void shellCharactersAreQuoted() {
    assertThat(settings("/my data/$(rm).zip", "it's").commandParts())
        .contains("--data '/my data/$(rm).zip'", "--classes 'it'\\''s'");
  }
}
