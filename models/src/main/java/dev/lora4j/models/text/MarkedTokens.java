package dev.lora4j.models.text;

import dev.lora4j.models.text.jinja.Span;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;

/** Tokens of a text, those marked that stand for a piece of an answer, if only for a part of it. */
final class MarkedTokens {
  private final List<TokenSpan> tokens;
  private final List<Boolean> learned;

  private MarkedTokens(List<TokenSpan> tokens, List<Boolean> learned) {
    this.tokens = tokens;
    this.learned = learned;
  }

  static MarkedTokens of(List<TokenSpan> tokens, List<Span> answers) {
    List<Boolean> learned = new ArrayList<>(tokens.size());
    for (TokenSpan token : tokens) {
      learned.add(answers.stream().anyMatch(answer -> overlap(token, answer)));
    }
    return new MarkedTokens(new ArrayList<>(tokens), learned);
  }

  private static boolean overlap(TokenSpan token, Span answer) {
    return token.begin() < answer.end()
        && answer.begin() < token.end()
        && token.begin() < token.end();
  }

  /** Whether a token stands for text on both sides of a place. */
  boolean crosses(int place) {
    return tokens.stream().anyMatch(token -> token.begin() < place && place < token.end());
  }

  /** Whether there are answers, and the last one runs out without a token that ends it. */
  boolean endsUnstopped(Set<Integer> stops) {
    int last = learned.lastIndexOf(true);
    return last >= 0 && !stops.contains(tokens.get(last).id());
  }

  /** Makes the text's end a token that is learned: the one that stands there, or a new one. */
  void learnEnd(SpecialTokens special) {
    int last = tokens.size() - 1;
    OptionalInt eos = special.eos();
    if (last >= 0 && special.stops().contains(tokens.get(last).id())) {
      learned.set(last, true);
    } else if (eos.isPresent()) {
      tokens.add(new TokenSpan(eos.getAsInt(), 0, 0));
      learned.add(true);
    }
  }

  Example example(Learned which) {
    int[] ids = tokens.stream().mapToInt(TokenSpan::id).toArray();
    if (which == Learned.EVERYTHING) {
      return Example.everyToken(ids);
    }
    boolean[] loss = new boolean[ids.length];
    for (int i = 0; i < loss.length; i++) {
      loss[i] = learned.get(i);
    }
    return Example.of(ids, loss);
  }
}
