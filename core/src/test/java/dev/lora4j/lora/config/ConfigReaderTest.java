package dev.lora4j.lora.config;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import java.nio.file.Path;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigReaderTest {
  private static final Path FILE = Path.of("adapter_config.json");

  // ---- what is written ----

  @Test
  void everyOptionIsWrittenUnderPeftsKey() {
    assertThat(written(LoraConfig.rank(8).alpha(16).targets(Targets.named("q_proj", "v_proj"))))
        .isEqualTo(
            """
            {
              "peft_type" : "LORA",
              "task_type" : null,
              "base_model_name_or_path" : null,
              "r" : 8,
              "lora_alpha" : 16,
              "target_modules" : [ "q_proj", "v_proj" ],
              "lora_dropout" : 0.0,
              "bias" : "none",
              "lora_bias" : false,
              "use_rslora" : false,
              "use_dora" : false,
              "fan_in_fan_out" : false,
              "init_lora_weights" : true,
              "rank_pattern" : { },
              "alpha_pattern" : { },
              "layers_to_transform" : null,
              "layers_pattern" : null,
              "modules_to_save" : null,
              "target_parameters" : null,
              "trainable_token_indices" : null,
              "inference_mode" : true
            }""");
  }

  @Test
  void patternIsWrittenAsTextAndAllLinearAsPaths() {
    assertThat(written(LoraConfig.rank(1).targets(Targets.matching(".*q_proj"))))
        .contains("\"target_modules\" : \".*q_proj\"");
    assertThat(written(LoraConfig.rank(1))).contains("\"target_modules\" : [ \"a\", \"b.c\" ]");
  }

  @Test
  void fractionalAlphaIsKept() {
    assertThat(written(LoraConfig.rank(1).alpha(0.5))).contains("\"lora_alpha\" : 0.5,");
  }

  private static String written(LoraConfig config) {
    return new String(ConfigWriter.write(config, List.of("a", "b.c"), false), UTF_8)
        .replace(System.lineSeparator(), "\n");
  }

  @Property(tries = 100)
  void writtenConfigIsRead(@ForAll("configs") LoraConfig config) {
    LoraConfig read = ConfigReader.read(FILE, written(config).getBytes(UTF_8));

    assertThat(read.rank()).isEqualTo(config.rank());
    assertThat(read.alpha() == config.alpha()).isTrue();
    assertThat(read.targets().describe())
        .isEqualTo(
            config.targets() instanceof Targets.EveryLinear
                ? "a, b.c"
                : config.targets().describe());
  }

  @Provide
  Arbitrary<LoraConfig> configs() {
    Arbitrary<Targets> targets =
        Arbitraries.oneOf(
            Arbitraries.just(Targets.everyLinear()),
            Arbitraries.strings().ascii().ofMinLength(1).list().ofMinSize(1).map(Targets::named),
            Arbitraries.strings().alpha().map(Targets::matching));
    return Combinators.combine(
            Arbitraries.integers().between(1, Integer.MAX_VALUE),
            Arbitraries.doubles().between(-Float.MAX_VALUE, Float.MAX_VALUE),
            targets)
        .as((r, a, t) -> LoraConfig.rank(r).alpha(a).targets(t));
  }

  // ---- what is read ----

  @Test
  void missingFieldsHavePeftsDefaults() {
    assertThat(read("{'peft_type': 'LORA', 'target_modules': ['fc']}"))
        .isEqualTo(LoraConfig.rank(8).targets(Targets.named("fc")));
  }

  @Test
  void allLinearIsRead() {
    assertThat(read("{'peft_type': 'LORA', 'target_modules': 'ALL-linear'}").targets())
        .isEqualTo(Targets.everyLinear());
  }

  @Test
  void irrelevantFieldsAreIgnored() {
    assertThat(
            with(
                "'megatron_core': 'x', 'peft_version': '9', 'lora_dropout': 0.1, 'r': 2.0,"
                    + " 'auto_mapping': {'a': 1}, 'task_type': 'CAUSAL_LM', 'something_new': true"))
        .extracting(LoraConfig::rank)
        .isEqualTo(2);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "alora_invocation_tokens | [1, 2]",
        "arrow_config | {\"top_k\":1}",
        "kasa_config | {\"beta\":1}",
        "layer_replication | [[0,4]]",
        "monteclora_config | {\"num_samples\":1}",
        "use_bdlora | {\"nblocks\":1}",
        "use_qalora | true",
        "velora_config | {\"scale\":1}",
        "init_lora_weights | \"corda\"",
        "init_lora_weights | \"lora_ga\""
      })
  void unsupportedFieldsAreRefusedByName(String key, String value) {
    assertThatThrownBy(() -> with("'" + key + "': " + value))
        .isInstanceOf(UserError.class)
        .hasMessage(
            "adapter_config.json: not supported, and it would change the result: %s = %s"
                .formatted(key, value.replace(", ", ",")));
  }

  @Test
  void allUnsupportedFieldsAreListed() {
    assertThatThrownBy(
            () -> with("'use_qalora': true, 'init_lora_weights': 'corda', 'use_bdlora': [1]"))
        .hasMessageEndingWith("use_qalora = true, use_bdlora = [1], init_lora_weights = \"corda\"");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "'use_dora': false",
        "'use_dora': null",
        "'rank_pattern': {}",
        "'modules_to_save': []",
        "'modules_to_save': null",
        "'bias': 'none'",
        "'bias': null",
        "'init_lora_weights': true",
        "'init_lora_weights': false",
        "'init_lora_weights': 'gaussian'",
        "'init_lora_weights': 'orthogonal'",
        "'init_lora_weights': null"
      })
  void disabledFieldsAreNotRefused(String entry) {
    assertThat(with(entry).rank()).isEqualTo(8);
  }

  // ---- what is damaged ----

  @Test
  void unknownMethodIsRefused() {
    assertThatThrownBy(() -> read("{'peft_type': 'IA3'}"))
        .isInstanceOf(UserError.class)
        .hasMessage("adapter_config.json: `peft_type` must be \"LORA\" or \"VERA\", found \"IA3\"");
    assertThatThrownBy(() -> read("{}"))
        .isInstanceOf(UserError.class)
        .hasMessageStartingWith("adapter_config.json: `peft_type` must be \"LORA\" or \"VERA\"");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "'r': 'eight' | `r` must be a positive integer, found \"eight\"",
        "'r': 2.5 | `r` must be a positive integer, found 2.5",
        "'r': 1e12 | `r` must be a positive integer, found 1.0E12",
        "'r': 0 | `r` must be a positive integer, found 0",
        "'r': [8] | `r` must be a positive integer, found [8]",
        "'lora_alpha': true | `lora_alpha` must be a finite number, found true",
        "'lora_alpha': 1e999 | `lora_alpha` must be a finite number, found \"Infinity\"",
      })
  void valueOfTheWrongTypeIsNamedWithItsKey(String entry, String problem) {
    assertThatThrownBy(() -> with(entry))
        .isInstanceOf(CorruptFile.class)
        .hasMessage("adapter_config.json: " + problem);
  }

  @Test
  void targetsOfTheWrongTypeAreRefused() {
    assertThatThrownBy(() -> read("{'peft_type': 'LORA', 'target_modules': ['fc', 3]}"))
        .isInstanceOf(CorruptFile.class)
        .hasMessage(
            "adapter_config.json: `target_modules` must be a list of strings, found [\"fc\",3]");
    for (String none : List.of("[]", "{}", "7")) {
      assertThatThrownBy(() -> read("{'peft_type': 'LORA', 'target_modules': " + none + "}"))
          .isInstanceOf(UserError.class)
          .hasMessage(
              "adapter_config.json: `target_modules` must be a list of names or a regular"
                  + " expression, found "
                  + none);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "'target_modules': 'fc('",
        "'target_modules': ['fc'], 'exclude_modules': 'fc('",
        "'target_modules': ['fc'], 'rank_pattern': {'fc(': 2}",
        "'target_modules': ['fc'], 'alpha_pattern': {'fc(': 2}"
      })
  void anInvalidExpressionIsRefusedWithItsField(String fields) {
    String field = fields.replaceFirst(".*'(\\w+)': (\\{)?'fc\\(.*", "$1");

    assertThatThrownBy(() -> read("{'peft_type': 'LORA', " + fields + "}"))
        .isInstanceOf(UserError.class)
        .hasMessageStartingWith("adapter_config.json: `" + field + "`: 'fc(' is not a regular");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "{", "{'r': }", "nonsense", "{'r': 8"})
  void invalidJsonIsRefused(String text) {
    assertThatThrownBy(() -> read(text))
        .isInstanceOf(CorruptFile.class)
        .hasMessageStartingWith("adapter_config.json: ")
        .satisfies(e -> assertThat(String.valueOf(e.getMessage()).lines()).hasSize(1));
  }

  @ParameterizedTest
  @ValueSource(strings = {"[]", "7", "null", "'LORA'"})
  void jsonThatIsNotAnObjectIsRefused(String text) {
    assertThatThrownBy(() -> read(text))
        .isInstanceOf(CorruptFile.class)
        .hasMessage("adapter_config.json: expected a JSON object");
  }

  private static LoraConfig with(String entries) {
    return read("{'peft_type': 'LORA', 'target_modules': ['fc'], " + entries + "}");
  }

  private static LoraConfig read(String text) {
    return ConfigReader.read(FILE, text.replace('\'', '"').getBytes(UTF_8));
  }
}
