package dev.lora4j.lora.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.lora.layer.Initialization;
import dev.lora4j.lora.method.ConfigKeys;
import dev.lora4j.lora.method.LoraMethods;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** {@code docs/adapter-config.md} has a row for each key that the reader knows, and no other. */
class AdapterConfigPageTest {
  private static final Pattern ROW = Pattern.compile("^\\| `(\\w+)` \\|", Pattern.MULTILINE);

  @Test
  void pageHasTheKeysOfTheReader() throws IOException {
    String page = Files.readString(Path.of("../docs/adapter-config.md"));

    assertThat(ROW.matcher(page).results().map(row -> row.group(1)).collect(Collectors.toSet()))
        .containsExactlyInAnyOrderElementsOf(keys());
    assertThat(Initialization.WORDS).allSatisfy(word -> assertThat(page).contains("`" + word));
  }

  private static Set<String> keys() {
    Set<String> keys = new TreeSet<>(ConfigKeys.KNOWN);
    keys.addAll(ConfigKeys.MUST_BE_OFF);
    keys.addAll(
        Set.of("base_model_name_or_path", "ensure_weight_tying", "loftq_config", "task_type"));
    for (String type : LoraMethods.peftTypes()) {
      keys.addAll(LoraMethods.named(type).settings().keySet());
      keys.add(LoraMethods.named(type).dropoutKey());
    }
    return keys;
  }
}
