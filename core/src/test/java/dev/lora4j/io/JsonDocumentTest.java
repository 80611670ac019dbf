package dev.lora4j.io;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonDocumentTest {
  private static final Path FILE = Path.of("config.json");

  @Test
  void fieldsAreReadByTheirType() {
    JsonDocument json =
        parse(
            "{'size': 64, 'number': 0.5, 'flag': true, 'text': 'gelu', 'texts': ['a', 'b'],"
                + " 'one': 7, 'inner': {'size': 2}, 'nothing': null}");
    assertThat(json.size("size")).isEqualTo(64);
    assertThat(json.number("number")).isEqualTo(0.5);
    assertThat(json.flag("flag", false)).isTrue();
    assertThat(json.text("text", "")).isEqualTo("gelu");
    assertThat(json.texts("texts")).containsExactly("a", "b");
    assertThat(json.integers("one")).containsExactly(7L);
    assertThat(json.object("inner").size("size")).isEqualTo(2);
    assertThat(json.size("nothing", 3)).isEqualTo(3);
    assertThat(json.has("nothing")).isFalse();
    assertThat(json.isPresent("nothing")).isTrue();
  }

  @Test
  void fieldOfAnotherTypeNamesFileFieldTypeAndValue() {
    refused(json -> json.size("a"), "`a` must be a positive integer, found \"x\"");
    refused(json -> json.number("a"), "`a` must be a finite number, found \"x\"");
    refused(json -> json.flag("a", true), "`a` must be true or false, found \"x\"");
    refused(json -> json.text("b", ""), "`b` must be a string, found 0");
    refused(json -> json.size("b"), "`b` must be a positive integer, found 0");
    refused(json -> json.texts("b"), "`b` must be a list of strings, found 0");
    refused(json -> json.integers("a"), "`a` must be a list of integers, found \"x\"");
    refused(json -> json.object("a"), "`a` must be an object, found \"x\"");
    refused(json -> json.object("c").size("d"), "`c.d` must be a positive integer, found -1");
    refused(json -> json.size("z"), "`z` is missing; it must be a positive integer");
    refused(json -> json.object("c").number("z"), "`c.z` is missing; it must be a finite number");
  }

  private static void refused(Consumer<JsonDocument> reading, String problem) {
    assertThatThrownBy(() -> reading.accept(parse("{'a': 'x', 'b': 0, 'c': {'d': -1}}")))
        .isInstanceOf(CorruptFile.class)
        .hasMessage("config.json: " + problem);
  }

  @Test
  void settingsThatChangeTheResultAreRefusedTogether() {
    JsonDocument json = parse("{'x': {'b': 2, 'a': 'on', 'c': 1, 'd': false, 'e': []}}");
    assertThatThrownBy(
            () ->
                json.object("x")
                    .refuseUnless(Map.of("a", "off", "b", 1, "c", 1.0, "d", "no", "e", "no")))
        .isInstanceOf(UserError.class)
        .hasMessage(
            "config.json: not supported, and it would change the result: x.a = \"on\", x.b = 2");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "[]", "7", "{", "nonsense"})
  void anythingButAnObjectIsRefusedInOneLine(String text) {
    assertThatThrownBy(() -> parse(text))
        .isInstanceOf(CorruptFile.class)
        .hasMessageStartingWith("config.json: ")
        .satisfies(e -> assertThat(String.valueOf(e.getMessage()).lines()).hasSize(1));
  }

  @Test
  void missingFileIsAUserError(@TempDir Path directory) {
    assertThatThrownBy(() -> JsonDocument.read(directory.resolve("config.json")))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("there is no " + directory.resolve("config.json"));
  }

  private static JsonDocument parse(String text) {
    return JsonDocument.parse(FILE, text.replace('\'', '"').getBytes(UTF_8));
  }
}
