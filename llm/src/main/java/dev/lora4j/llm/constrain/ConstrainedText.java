package dev.lora4j.llm.constrain;

import dev.lora4j.UserError;
import dev.lora4j.llm.constrain.grammar.Grammar;
import dev.lora4j.llm.constrain.grammar.ParseState;
import dev.lora4j.llm.constrain.grammar.TextBudget;
import dev.lora4j.llm.constrain.grammar.TokenMasks;
import dev.lora4j.llm.tokenizer.TokenBytes;
import dev.lora4j.nn.kernel.Ops;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.LongStream;
import org.bytedeco.pytorch.Tensor;

/** A completion under a constraint, as far as it has been generated. For one thread. */
public final class ConstrainedText {
  private final TokenMasks masks;
  private final TokenBytes tokens;
  private final Set<Long> stopTokens;
  private final TextBudget budget = new TextBudget();
  private ParseState state;

  ConstrainedText(TokenMasks masks, TokenBytes tokens, Set<Long> stopTokens) {
    this.masks = masks;
    this.tokens = tokens;
    this.stopTokens = stopTokens;
    state = masks.grammar().start();
  }

  /** Returns whether a token can come next. */
  public boolean allows(long token) {
    return stopTokens.contains(token) ? state.isComplete() : masks.of(state, budget).allows(token);
  }

  /** Returns the tokens that can come next. */
  LongStream allowed() {
    LongStream.Builder allowed = LongStream.builder();
    masks.of(state, budget).forEach(allowed::add);
    LongStream stops = stopTokens.stream().mapToLong(Long::longValue);
    return LongStream.concat(allowed.build(), state.isComplete() ? stops : LongStream.empty());
  }

  /**
   * Returns the logits with negative infinity for all tokens that can't come next.
   *
   * @param logits {@code [vocabulary]}
   * @throws UserError if no token can come next, or the masks have taken too much work
   */
  public Tensor mask(Tensor logits) {
    float[] additions = new float[Math.toIntExact(logits.numel())];
    Arrays.fill(additions, Float.NEGATIVE_INFINITY);
    boolean any = false;
    for (long token : allowed().toArray()) {
      if (token < additions.length) {
        additions[(int) token] = 0;
        any = true;
      }
    }
    if (!any) {
      throw new UserError(
          "no token can come next: the vocabulary has no token for a character that the schema or"
              + " the grammar requires, or no stop token");
    }
    return logits.add(
        Ops.tensor(additions, additions.length).to(logits.device(), logits.scalar_type()));
  }

  /**
   * Adds the next token.
   *
   * @throws IllegalArgumentException if it can't come next
   */
  public void add(long token) {
    if (!allows(token)) {
      throw new IllegalArgumentException("token " + token + " can't come next");
    }
    budget.addToken();
    if (!stopTokens.contains(token)) {
      int id = Math.toIntExact(token);
      byte[] bytes = tokens.of(id);
      Grammar grammar = masks.grammar();
      state = bytes.length == 0 ? grammar.readSpecial(state, id) : grammar.read(state, bytes);
    }
  }

  /** Returns whether the text is complete and nothing but a stop token can follow. */
  public boolean isFinished() {
    return state.isComplete() && !state.canContinue();
  }

  /** Returns whether the text is complete; more may follow. */
  public boolean isComplete() {
    return state.isComplete();
  }
}
