package dev.lora4j.llm.dataset;

import dev.lora4j.UserError;
import dev.lora4j.llm.jinja.value.OutputSpan;
import dev.lora4j.llm.tokenizer.Message;
import dev.lora4j.llm.tokenizer.SpecialTokenUse;
import dev.lora4j.llm.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Tokenizes samples: renders the chat template, encodes, builds the label mask, and includes the
 * end-of-text token in it. The mask depends on positions, never on ids: the same token can pad and
 * end texts.
 */
final class ExampleBuilder {
  private final Tokenizer tokenizer;
  private final ExampleOptions options;
  private final Optional<AssistantSpans> answers;
  private final DataReportBuilder counts;

  ExampleBuilder(Tokenizer tokenizer, ExampleOptions options, DataReportBuilder counts) {
    this.tokenizer = tokenizer;
    this.options = options;
    this.counts = counts;
    List<String> stops = tokenizer.special().stops().stream().map(tokenizer::decode).toList();
    this.answers = options.template().map(template -> new AssistantSpans(template, stops));
  }

  /** Returns the examples of a row, truncated; those without loss tokens are dropped. */
  List<Example> make(DataRow row) {
    try {
      List<Example> kept = new ArrayList<>();
      counts.emptyAnswers += row.sample().hasEmptyAnswer() ? 1 : 0;
      for (Example whole : whole(row.sample())) {
        keep(whole, row).ifPresent(kept::add);
      }
      return kept;
    } catch (UserError e) {
      throw new UserError(row.location() + ": " + e.getMessage(), e);
    }
  }

  private Optional<Example> keep(Example whole, DataRow row) {
    Example example = whole;
    if (whole.length() > options.maxTokens()) {
      counts.truncated++;
      example = whole.first(options.maxTokens());
    }
    if (example.lossTokens() == 0) {
      counts.dropped(row);
      return Optional.empty();
    }
    counts.example(example);
    return Optional.of(example);
  }

  private List<Example> whole(Sample sample) {
    if (sample instanceof Sample.Chat chat) {
      return conversation(chat);
    } else if (sample instanceof Sample.Completion completion) {
      return List.of(completion(completion));
    } else if (sample instanceof Sample.Instruction instruction) {
      return answers.isPresent()
          ? conversation(instruction.asChat())
          : List.of(completion(instruction.asCompletion()));
    } else if (sample instanceof Sample.Text text) {
      return List.of(Example.everyToken(withEnd(tokenizer.encode(text.text()))));
    } else if (sample instanceof Sample.Document document) {
      return blocks(withEnd(tokenizer.encode(document.text())));
    }
    throw new IllegalArgumentException("expected one answer, found " + sample);
  }

  private int[] withEnd(int[] tokens) {
    OptionalInt eos = tokenizer.special().eos();
    if (eos.isEmpty() || endsWithStop(tokens)) {
      return tokens;
    }
    int[] longer = Arrays.copyOf(tokens, tokens.length + 1);
    longer[tokens.length] = eos.getAsInt();
    return longer;
  }

  private boolean endsWithStop(int[] tokens) {
    return tokens.length > 0 && tokenizer.special().stops().contains(tokens[tokens.length - 1]);
  }

  private List<Example> blocks(int[] tokens) {
    List<Example> blocks = new ArrayList<>();
    int width = options.maxTokens();
    for (int from = 0; from < tokens.length; from += width) {
      int to = Math.min(tokens.length, from + width);
      blocks.add(Example.everyToken(Arrays.copyOfRange(tokens, from, to)));
    }
    return blocks;
  }

  private Example completion(Sample.Completion sample) {
    String text = sample.prompt() + sample.completion();
    int seam = sample.prompt().length();
    LabeledTokens tokens =
        LabeledTokens.of(
            tokenizer.spans(text, SpecialTokenUse.ADDED),
            List.of(new OutputSpan(seam, text.length())));
    if (tokens.crosses(seam)) {
      counts.seams++;
    }
    tokens.addLossAtEnd(tokenizer.special());
    return tokens.example(options.learned());
  }

  private List<Example> conversation(Sample.Chat chat) {
    AssistantSpans finder =
        answers.orElseThrow(
            () ->
                new UserError(
                    "conversations need a chat template, and the model has none; use a chat model,"
                        + " or provide a template"));
    if (options.learned() == LossOn.EVERYTHING
        && !chat.messages().stream().allMatch(Message::trainable)) {
      throw new UserError(
          "weight 0 or train false has no effect when every token is learned; remove the field, or"
              + " learn the answers only");
    }
    List<RenderedText> texts = finder.find(chat);
    if (texts.size() > 1) {
      counts.divided++;
    }
    List<Example> examples = new ArrayList<>();
    for (RenderedText text : texts) {
      LabeledTokens tokens =
          LabeledTokens.of(tokenizer.spans(text.text(), SpecialTokenUse.LEFT_OUT), text.answers());
      if (text.endsWithAnswer() && tokens.endsUnstopped(text.text(), tokenizer.special().stops())) {
        counts.endsAdded++;
        tokens.addLossAtEnd(tokenizer.special());
      }
      examples.add(tokens.example(options.learned()));
    }
    return examples;
  }
}
