package dev.lora4j.cli;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.UserError;
import dev.lora4j.cli.options.FormerNames;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

class FormerNamesTest {
  private static CommandLine command(String words) {
    CommandLine command = Main.commandLine();
    for (String word : words.split(" ", -1)) {
      command = requireNonNull(command.getSubcommands().get(word));
    }
    return command;
  }

  private static List<String> replaced(String words, String... arguments) {
    return new FormerNames(Main.options(command(words))).replaceIn(List.of(arguments));
  }

  @ParameterizedTest
  @CsvSource({
    "train, accumulate, gradient-accumulation-steps",
    "train, batch, batch-size",
    "train, checkpointing, gradient-checkpointing",
    "train, clip, max-grad-norm",
    "train, eval-every, eval-steps",
    "train, exclude, exclude-modules",
    "train, lora-plus, loraplus-lr-ratio",
    "train, lr, learning-rate",
    "train, max-tokens, max-seq-length",
    "train, patience, early-stopping-patience",
    "train, sample, sample-prompt",
    "train, save-every, save-steps",
    "train, schedule, lr-scheduler",
    "train, size, image-size",
    "train, system, system-prompt",
    "train, targets, target-modules",
    "train, valid, validation-data",
    "train, valid-fraction, validation-split",
    "train, warmup, warmup-steps",
    "eval, max-tokens, max-seq-length",
    "eval, size, image-size",
    "generate, system, system-prompt",
    "chat, system, system-prompt",
    "data, max-tokens, max-seq-length",
    "data, colour, color",
    "demo, batch, batch-size",
    "demo, lr, learning-rate",
    "plan, targets, target-modules",
    "plan, exclude, exclude-modules",
    "combine, majority, majority-sign-method",
    "bench train, batch, batch-size",
    "bench train, tokens, seq-length",
    "bench train, checkpointing, gradient-checkpointing",
    "bench train, hidden, hidden-size",
    "bench train, intermediate, intermediate-size",
    "bench train, vocab, vocab-size",
    "bench generate, prompt, prompt-tokens",
    "bench generate, new, new-tokens"
  })
  void formerNameIsReplacedAndHidden(String words, String former, String current) {
    assertThat(replaced(words, "--" + former, "1", "--" + former + "=2"))
        .containsExactly("--" + current, "1", "--" + current + "=2");
    String help = command(words).getUsageMessage();
    assertThat(help).contains("--" + current);
    if (!former.equals("lr")) { // a common abbreviation that help keeps
      assertThat(help).doesNotContainPattern("--" + former + "(?![\\w-])");
    }
  }

  @Test
  void optionWhoseNameIsFormerElsewhereIsKept() {
    assertThat(replaced("generate", "--prompt", "Hi")).containsExactly("--prompt", "Hi");
  }

  @Test
  void argumentAfterTheEndOfOptionsIsKept() {
    assertThat(replaced("data", "--", "--max-tokens")).containsExactly("--", "--max-tokens");
  }

  @ParameterizedTest
  @CsvSource({
    "--batch 2, --batch-size 3",
    "--batch-size=3, --batch=2",
    "--lr 1, --learning-rate 1"
  })
  void bothNamesOfAnOptionAreRefused(String one, String other) {
    CommandLineRun run = CommandLineRun.of(("train " + one + " " + other).split(" ", -1));
    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err())
        .contains(
            one.split("[ =]", -1)[0]
                + " and "
                + other.split("[ =]", -1)[0]
                + " are the same option");
  }

  @Test
  void repeatedOptionIsKept() {
    assertThat(replaced("train", "--targets=a", "--targets=b"))
        .containsExactly("--target-modules=a", "--target-modules=b");
    assertThatThrownBy(() -> replaced("train", "--targets=a", "--target-modules=b"))
        .isInstanceOf(UserError.class)
        .hasMessageContainingAll("--targets", "--target-modules");
  }

  @ParameterizedTest
  @CsvSource({
    "train --accumulat 2, accumulat, gradient-accumulation-steps",
    "train --max-sq-length=2, max-sq-length, max-seq-length",
    "train --max_grad_norm 2, max_grad_norm, max-grad-norm",
    "train --schedul cosine, schedul, lr-scheduler",
    "demo --ranc 4, ranc, rank",
    "serve --mdoel x, mdoel, model",
    "serve --mdoel x --prot 8081, mdoel, model",
    "merge --modle x --out y, modle, model"
  })
  void unknownOptionSuggestsTheCurrentName(String line, String mistyped, String current) {
    CommandLineRun run = CommandLineRun.of(line.split(" ", -1));
    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err())
        .startsWith("lora: unknown option --" + mistyped + "; did you mean --" + current)
        .contains("See 'lora " + line.split(" ", -1)[0] + " --help'.");
  }

  @Test
  void everyCommandNamesAnUnknownOptionRatherThanAMissingOne() {
    for (String name : Main.commandLine().getSubcommands().keySet()) {
      assertThat(CommandLineRun.of(name, "--no-such-option").err())
          .as(name)
          .startsWith("lora: unknown option --no-such-option");
    }
  }

  @Test
  void unknownCommandSuggestsTheNearest() {
    assertThat(CommandLineRun.of("trian").err()).contains("unknown command 'trian'", "mean train?");
  }
}
