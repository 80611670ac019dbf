package dev.lora4j.cli;

import dev.lora4j.UserError;
import dev.lora4j.cli.options.AdapterChoices;
import dev.lora4j.cli.options.ChatTemplateOption;
import dev.lora4j.cli.options.OutputFormat;
import dev.lora4j.cli.options.Range;
import dev.lora4j.cli.options.References;
import dev.lora4j.cli.options.SamplingOptions;
import dev.lora4j.cli.options.WeightOptions;
import dev.lora4j.cli.show.AnswerLines;
import dev.lora4j.cli.show.TerminalText;
import dev.lora4j.llm.chat.ChatFormat;
import dev.lora4j.llm.chat.ChatModel;
import dev.lora4j.llm.chat.Completion;
import dev.lora4j.llm.chat.GenerationOptions;
import dev.lora4j.llm.chat.TextListener;
import dev.lora4j.llm.generate.GenerationSession;
import dev.lora4j.llm.generate.Generator;
import dev.lora4j.llm.tokenizer.Message;
import dev.lora4j.train.Workers;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.UnaryOperator;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Generates text from one prompt. */
@Command(
    name = "generate",
    mixinStandardHelpOptions = true,
    header = {"Generate text from a prompt.", ""},
    description = {
      "",
      "Streams the text to stdout and the figures to stderr. The prompt is sent as a chat message"
          + " if the model has a chat template, otherwise it is continued, as with --raw. Several"
          + " adapters add up.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  lora generate --model HuggingFaceTB/SmolLM2-135M-Instruct --prompt \"What is LoRA?\"",
      "  lora generate --model SmolLM2-135M --adapter bard --raw --prompt \"ROMEO:\""
          + " --temperature 0.8 --top-p 0.95 --stop JULIET",
      "  lora generate --model SmolLM2-135M --quantize q8_0 --prompt \"What is LoRA?\""
    })
final class GenerateCommand implements Callable<Integer> {
  @Option(
      names = "--model",
      paramLabel = "M",
      required = true,
      description = "Hugging Face model directory, GGUF file, or org/name[@revision] on the Hub.")
  private String model = "";

  @Mixin private AdapterChoices models = new AdapterChoices();

  @Mixin private WeightOptions weights = new WeightOptions();

  @Mixin private ChatTemplateOption chatTemplate = new ChatTemplateOption();

  @Option(names = "--prompt", paramLabel = "TEXT", required = true, description = "The prompt.")
  private String prompt = "";

  @Option(
      names = "--system-prompt",
      paramLabel = "TEXT",
      description = "System prompt; not with --raw.")
  private Optional<String> system = Optional.empty();

  @Option(names = "--raw", description = "Continue the prompt as is, without the chat template.")
  private boolean raw;

  @Mixin private SamplingOptions sampling = new SamplingOptions();

  @Option(
      names = "--workers",
      paramLabel = "N",
      description = "Number of worker threads (default: one per core).")
  @Range(from = 1, to = Range.WORKERS)
  private int workers = Runtime.getRuntime().availableProcessors();

  @Mixin private OutputFormat output = new OutputFormat();

  @Override
  public Integer call() {
    GenerationOptions options = sampling.options(0);
    if (raw && system.isPresent()) {
      throw new UserError(
          "--system-prompt needs the chat template, which --raw disables; drop one of them");
    }
    try (ChatModel opened =
            models.open(References.resolve(model), chatTemplate.file(), weights.storage());
        Workers shared = new Workers(workers);
        GenerationSession session = Generator.sharedBy(shared, opened.network()).session()) {
      opened.activate(opened.adapterNames());
      print(opened, opened.write(session, ids(opened.format()), options, listener()));
    }
    return 0;
  }

  private int[] ids(ChatFormat voice) {
    if (raw || (voice.template().isEmpty() && system.isEmpty())) {
      return voice.tokenizer().encode(prompt);
    }
    List<Message> messages = new ArrayList<>();
    system.ifPresent(text -> messages.add(Message.system(text)));
    messages.add(Message.user(prompt));
    return voice.prompt(messages);
  }

  private TextListener listener() {
    if (output.json()) {
      return piece -> true;
    }
    UnaryOperator<String> safe = TerminalText.forStandardOutput();
    return piece -> {
      System.out.print(safe.apply(piece));
      return !System.out.checkError(); // stop when the reader is gone
    };
  }

  private void print(ChatModel opened, Completion answer) {
    output.show(
        root -> AnswerLines.fill(root, answer, opened.active()),
        out -> {
          out.println();
          System.err.println(AnswerLines.figures(answer));
        });
  }
}
