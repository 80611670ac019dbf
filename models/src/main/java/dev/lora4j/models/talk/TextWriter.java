package dev.lora4j.models.talk;

import dev.lora4j.models.generation.Generation;
import dev.lora4j.models.generation.GenerationConfig;
import dev.lora4j.models.generation.Session;
import dev.lora4j.models.text.TextStream;
import dev.lora4j.models.text.Tokenizer;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;

/** Generates one completion and streams it as text. */
final class TextWriter {
  private final TextStream stream;
  private final StopStrings stops;
  private final Collection<Long> ends;
  private final WritingOptions options;
  private final TextListener listener;
  private final StringBuilder text = new StringBuilder();

  /**
   * @param ends the stop tokens
   */
  TextWriter(
      Tokenizer tokenizer, Collection<Long> ends, WritingOptions options, TextListener listener) {
    stream = tokenizer.stream();
    stops = new StopStrings(options.stops());
    this.ends = ends;
    this.options = options;
    this.listener = listener;
  }

  /** Generates the completion of a prompt. */
  Answer write(Session session, int[] prompt, int forgotten) {
    List<Long> ids = Arrays.stream(prompt).asLongStream().boxed().toList();
    GenerationConfig config =
        GenerationConfig.greedy(options.maxNewTokens())
            .sampling(options.sampling())
            .stoppingAt(ends);
    Generation made = session.generate(ids, config, this::onToken);
    if (!stops.found()) {
      String rest = stops.add(stream.finish());
      show(stops.found() ? rest : rest + stops.finish());
    }
    return new Answer(text.toString(), end(made), made, forgotten);
  }

  private boolean onToken(long token) {
    String piece = ends.contains(token) ? "" : stops.add(stream.add(Math.toIntExact(token)));
    return show(piece) && !stops.found();
  }

  private boolean show(String piece) {
    text.append(piece);
    return listener.onText(piece);
  }

  private Answer.End end(Generation made) {
    if (stops.found()) {
      return Answer.End.STOP_STRING;
    }
    return switch (made.end()) {
      case STOP_TOKEN -> Answer.End.STOP_TOKEN;
      case LENGTH -> Answer.End.LENGTH;
      case MAX_POSITIONS -> Answer.End.MAX_POSITIONS;
      case LISTENER -> Answer.End.INTERRUPTED;
    };
  }
}
