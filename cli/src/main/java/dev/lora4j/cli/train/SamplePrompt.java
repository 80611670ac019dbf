package dev.lora4j.cli.train;

import dev.lora4j.cli.report.RunOutcome;
import dev.lora4j.llm.dataset.Example;
import dev.lora4j.llm.generate.GenerationConfig;
import dev.lora4j.llm.generate.Generator;
import dev.lora4j.llm.recipe.FineTuneRun;
import dev.lora4j.llm.tokenizer.Message;
import dev.lora4j.llm.tokenizer.Tokenizer;
import dev.lora4j.llm.train.LanguageModelTrainingResult;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.train.RunResult;
import dev.lora4j.train.Workers;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** The prompt that a run continues by greedy decoding before and after training. */
final class SamplePrompt {
  private static final int NEW_TOKENS = 64;
  private static final int BEGINNING = 24;
  private static final String SAVED = "saved";

  private final FineTuneRun run;
  private final int[] prompt;

  /**
   * Tokenizes a prompt; by default the start of an example, up to its first loss token.
   *
   * @throws dev.lora4j.UserError if the prompt is empty or longer than the limit of the model
   */
  SamplePrompt(FineTuneRun run, Optional<String> text) {
    this.run = run;
    prompt = text.map(this::encode).orElseGet(() -> beginning(run.data().first()));
    new Generator(run.network()).requireReadable(ids());
  }

  private int[] encode(String text) {
    Tokenizer tokenizer = run.tokenizer();
    return run.template()
        .filter(chat -> !run.data().isPlainText())
        .map(chat -> tokenizer.encodePlain(chat.prompt(List.of(Message.user(text)))))
        .orElseGet(() -> tokenizer.encode(text));
  }

  private static int[] beginning(Example example) {
    int length = 1;
    while (length < example.length() && !example.carriesLoss(length)) {
      length++;
    }
    if (length == 1) { // every token is a loss token
      length = Math.min(BEGINNING, Math.max(1, example.length() / 2));
    }
    return IntStream.range(0, length).map(example::token).toArray();
  }

  /** Decodes with the base, and with the adapter that the run saved. */
  RunOutcome.Text decode(LanguageModelTrainingResult tuning, int workers) {
    LoraModel model = run.adapted();
    List<String> trained = model.active();
    model.activate();
    String before = continuation(workers);
    model.activate(trained.toArray(String[]::new));
    activateSaved(model, tuning);
    return new RunOutcome.Text(
        run.tokenizer().decode(prompt),
        before,
        continuation(workers),
        tuning.tokens(),
        tuning.lossTokens());
  }

  /** Activates the adapter that a run saved, if it is not the one of the last step. */
  static void activateSaved(LoraModel model, RunResult run) {
    if (run.adapterStep() != run.steps()) {
      model.load(SAVED, run.directory());
      model.activate(SAVED);
    }
  }

  private String continuation(int workers) {
    Tokenizer tokenizer = run.tokenizer();
    GenerationConfig config =
        GenerationConfig.greedy(NEW_TOKENS)
            .stoppingAt(tokenizer.special().stops().stream().map(Integer::longValue).toList());
    try (Workers group = new Workers(workers)) {
      return tokenizer.decodeSkippingSpecial(
          Generator.sharedBy(group, run.network()).generate(ids(), config).tokens().stream()
              .mapToInt(Math::toIntExact)
              .toArray());
    }
  }

  private List<Long> ids() {
    return IntStream.of(prompt).asLongStream().boxed().toList();
  }
}
