package dev.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.io.JsonDocument;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The commands on quantised base models. */
class QuantizedBaseTest {
  private final Path directory;
  private final Path base;
  private final Path chats;

  QuantizedBaseTest(@TempDir Path directory) throws IOException {
    this.directory = directory;
    base = SmallLanguageModel.write(directory.resolve("base"));
    chats = SmallLanguageModel.chats(directory.resolve("chats.jsonl"), 8);
  }

  private static CommandLineRun lora(Object... words) {
    List<String> arguments = new ArrayList<>();
    for (Object word : words) {
      arguments.add(word.toString());
    }
    return CommandLineRun.of(arguments.toArray(String[]::new));
  }

  private CommandLineRun train(Path model, Path out, Object... more) {
    List<Object> words =
        new ArrayList<>(
            List.of("train", "--model", model, "--data", chats, "--out", out, "--steps", 2));
    words.addAll(List.of("--rank", 2, "--workers", 1, "--learning-rate", 0.01));
    words.addAll(List.of(more));
    return lora(words.toArray());
  }

  private static String text(Path model, Object... more) {
    List<Object> words =
        new ArrayList<>(List.of("generate", "--model", model, "--prompt", "What is 3?"));
    words.addAll(List.of("--max-new-tokens", 8));
    words.addAll(List.of(more));
    CommandLineRun run = lora(words.toArray());
    assertThat(run.status()).as(run.err()).isZero();
    return run.out();
  }

  @Test
  void aDirectoryInNf4IsTheModelThatIsQuantisedWhileLoading() {
    Path nf4 = directory.resolve("nf4");
    CommandLineRun run = lora("convert", base, nf4, "--quantize", "nf4", "--double-quant");

    assertThat(run.status()).as(run.err()).isZero();
    assertThat(run.out())
        .contains("Quantised 14 layers to nf4 with double quantisation, other tensors as F32");
    assertThat(text(nf4)).isEqualTo(text(base, "--quantize", "nf4", "--double-quant"));
  }

  @Test
  void aRunRecordsItsQuantisationAndResumesWithIt() throws IOException {
    Path out = directory.resolve("adapter");
    CommandLineRun run = train(base, out, "--quantize", "nf4", "--save-steps", 1);

    assertThat(run.status()).as(run.err()).isZero();
    assertThat(Files.readString(out.resolve("run.yaml"))).contains("quantize: \"nf4\"");
    JsonDocument origin = JsonDocument.read(out.resolve("origin.json"));
    assertThat(origin.json().path("base").path("storage").asText()).isEqualTo("float32, nf4");
    assertThat(Files.readString(out.resolve("README.md")))
        .contains("library_name: peft", "quantised to nf4 when it was loaded");
    assertThat(
            JsonDocument.read(out.resolve("adapter_config.json"))
                .text("base_model_name_or_path", ""))
        .isEqualTo(base.toString());

    CommandLineRun resumed = lora("train", "--resume", "--out", out);
    assertThat(resumed.status()).as(resumed.err()).isZero();
    CommandLineRun other = lora("train", "--resume", "--out", out, "--quantize", "int8");
    assertThat(other.status()).isEqualTo(2);
    assertThat(other.err())
        .contains("was trained on the base in float32, nf4, and it is now loaded in float32, int8");
  }

  @Test
  void aLoftqAdapterIsForTheQuantisedBaseOrAfterMoreIterationsForTheOriginal() {
    Path nf4 = directory.resolve("nf4");
    assertThat(lora("convert", base, nf4, "--quantize", "nf4").status()).isZero();
    Path once = directory.resolve("once");
    Path twice = directory.resolve("twice");
    CommandLineRun run = train(base, once, "--quantize", "nf4", "--init", "loftq");
    assertThat(run.status()).as(run.err()).isZero();
    CommandLineRun more =
        train(base, twice, "--quantize", "nf4", "--init", "loftq", "--loftq-iter", 2);
    assertThat(more.status()).as(more.err()).isZero();

    assertThat(text(nf4, "--adapter", once))
        .isEqualTo(text(base, "--quantize", "nf4", "--adapter", once));
    assertThat(text(base, "--adapter", twice)).isNotEmpty();
  }

  @Test
  void loftqWithoutQuantisationIsRefused() {
    CommandLineRun run = train(base, directory.resolve("adapter"), "--init", "loftq");

    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err()).contains("none of the target modules is quantised", "--quantize nf4");
  }

  @Test
  void anAdapterBelongsToTheQuantisedBase() {
    Path out = directory.resolve("adapter");
    assertThat(train(base, out, "--quantize", "int8").status()).isZero();

    assertThat(text(base, "--quantize", "int8", "--adapter", out)).isNotEmpty();
    CommandLineRun other =
        lora("generate", "--model", base, "--adapter", out, "--prompt", "What is 3?");
    assertThat(other.status()).isEqualTo(2);
    assertThat(other.err()).contains("was trained on another base");
  }

  /** The rows of this model have 32 values, and 48 in {@code down_proj}. */
  @Test
  void matricesWhoseRowsAreNoWholeBlocksAreCounted() throws IOException {
    Path gguf = directory.resolve("model.gguf");
    CommandLineRun run = lora("convert", base, gguf, "--quantize", "q4_k", "--json");

    assertThat(run.status()).as(run.err()).isZero();
    assertThat(run.err())
        .contains(
            "Warning: 14 of 15 matrices have rows that are no multiple of 256, as Q4_K (4.5 bits a"
                + " weight) needs: 2 in F16 (16 bits a weight), 12 in Q8_0 (8.5 bits a weight);"
                + " q4_0 has as many bits, and takes rows that are a multiple of 32");
    JsonNode json = new ObjectMapper().readTree(run.out());
    assertThat(json.at("/fallbacks/Q8_0").asInt()).isEqualTo(12);
    assertThat(json.at("/fallbacks/F16").asInt()).isEqualTo(2);
    assertThat(text(gguf)).isNotEmpty();

    Path fits = directory.resolve("fits.gguf");
    CommandLineRun all = lora("convert", base, fits, "--dtype", "float16", "--json");
    assertThat(all.err()).doesNotContain("Warning: ");
  }

  @Test
  void aMergeNotesTheMatricesWhoseRowsAreNoWholeBlocks() {
    Path adapter = directory.resolve("adapter");
    assertThat(train(base, adapter).status()).isZero();
    Path out = directory.resolve("merged.gguf");

    CommandLineRun run =
        lora("merge", "--model", base, "--adapter", adapter, "--out", out, "--quantize", "q4_k");

    assertThat(run.status()).as(run.err()).isZero();
    assertThat(run.out()).contains("Note: 14 of 15 matrices have rows", "12 in Q8_0");
  }

  @Test
  void aGgufFileIsTrainedOnInItsBlocks() {
    Path gguf = directory.resolve("model.gguf");
    assertThat(lora("convert", base, gguf, "--quantize", "q8_0").status()).isZero();
    Path out = directory.resolve("adapter");
    CommandLineRun run = train(gguf, out);

    assertThat(run.status()).as(run.err()).isZero();
    JsonDocument origin = JsonDocument.read(out.resolve("origin.json"));
    assertThat(origin.json().path("base").path("storage").asText()).startsWith("Q8_0");
    assertThat(text(gguf, "--adapter", out))
        .isEqualTo(text(gguf, "--adapter", out, "--dequantize"));
  }

  @Test
  void aMergeIsQuantisedAgainAndReportsTheChangeOfLogits() {
    Path nf4 = directory.resolve("nf4");
    assertThat(lora("convert", base, nf4, "--quantize", "nf4").status()).isZero();
    Path out = directory.resolve("adapter");
    assertThat(train(nf4, out).status()).isZero();
    Path merged = directory.resolve("merged");
    CommandLineRun run =
        lora("merge", "--model", nf4, "--adapter", out, "--out", merged, "--quantize", "nf4");

    assertThat(run.status()).as(run.err()).isZero();
    assertThat(run.out()).contains("Logits on 4 sample texts", "rounding alone");
    assertThat(text(merged)).isNotEmpty();
    Path dense = directory.resolve("dense");
    CommandLineRun half = lora("merge", "--model", nf4, "--adapter", out, "--out", dense, "--json");
    assertThat(half.status()).as(half.err()).isZero();
    assertThat(half.out()).contains("\"logits\":{\"merge\":{\"samples\":4");
  }

  @ParameterizedTest
  @CsvSource({
    "--quantize=nf4 --dequantize, --dequantize and --quantize are mutually exclusive",
    "--quantize=nf5, unknown quantisation 'nf5'",
    "--double-quant, --double-quant needs --quantize",
    "--quantize=int8 --double-quant, double quantisation applies to nf4 and fp4",
    "--dtype=bf17, --dtype: unknown data type 'bf17'",
    "--quantize=q8_0, a row of 48 values is not a whole number of Q8_0 blocks",
  })
  void contradictionsAreRefused(String options, String message) {
    List<Object> words = new ArrayList<>(List.of("generate", "--model", base, "--prompt", "Hi"));
    words.addAll(List.of(options.split(" ")));
    CommandLineRun run = lora(words.toArray());

    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err()).contains(message);
  }

  @Test
  void formatsOfTheOtherKindOfFileAreRefused() {
    CommandLineRun blocks = lora("convert", base, directory.resolve("out"), "--quantize", "q4_k");
    assertThat(blocks.status()).isEqualTo(2);
    assertThat(blocks.err()).contains("--quantize q4_k applies to GGUF files");
    CommandLineRun nf4 = lora("convert", base, directory.resolve("out.gguf"), "--quantize", "nf4");
    assertThat(nf4.status()).isEqualTo(2);
    assertThat(nf4.err()).contains("--quantize nf4 applies to directories");
  }
}
