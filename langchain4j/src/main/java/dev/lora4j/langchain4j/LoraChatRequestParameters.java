package dev.lora4j.langchain4j;

import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.request.DefaultChatRequestParameters;
import java.util.Objects;
import java.util.Optional;

/** LangChain4j's parameters of a request, and the seed, min-p and repetition penalty. */
public final class LoraChatRequestParameters extends DefaultChatRequestParameters {
  private final Optional<Long> seed;
  private final Optional<Double> minP;
  private final Optional<Double> repetitionPenalty;

  private LoraChatRequestParameters(Builder builder) {
    super(builder);
    seed = builder.seed;
    minP = builder.minP;
    repetitionPenalty = builder.repetitionPenalty;
  }

  public static Builder builder() {
    return new Builder();
  }

  /** The seed of the sampling; empty for a random one. */
  public Optional<Long> seed() {
    return seed;
  }

  /** Least probability of a token to keep, relative to the most probable one. */
  public Optional<Double> minP() {
    return minP;
  }

  /** Divisor of the logits of tokens that occurred, in the prompt too. */
  public Optional<Double> repetitionPenalty() {
    return repetitionPenalty;
  }

  @Override
  public LoraChatRequestParameters overrideWith(ChatRequestParameters that) {
    return builder().overrideWith(this).overrideWith(that).build();
  }

  @Override
  public LoraChatRequestParameters defaultedBy(ChatRequestParameters that) {
    return builder().overrideWith(that).overrideWith(this).build();
  }

  @Override
  public boolean equals(Object other) {
    return super.equals(other)
        && other instanceof LoraChatRequestParameters that
        && seed.equals(that.seed)
        && minP.equals(that.minP)
        && repetitionPenalty.equals(that.repetitionPenalty);
  }

  @Override
  public int hashCode() {
    return Objects.hash(super.hashCode(), seed, minP, repetitionPenalty);
  }

  @Override
  public String toString() {
    return super.toString()
        + " seed="
        + seed
        + ", minP="
        + minP
        + ", repetitionPenalty="
        + repetitionPenalty;
  }

  /** Sets the parameters; those that are not set have the model's defaults. */
  public static final class Builder extends DefaultChatRequestParameters.Builder<Builder> {
    private Optional<Long> seed = Optional.empty();
    private Optional<Double> minP = Optional.empty();
    private Optional<Double> repetitionPenalty = Optional.empty();

    private Builder() {}

    /** The seed of the sampling: equal requests with equal seeds have equal answers. */
    public Builder seed(long seed) {
      this.seed = Optional.of(seed);
      return this;
    }

    /** Least probability of a token to keep, relative to the most probable one; 0 for all. */
    public Builder minP(double minP) {
      this.minP = Optional.of(minP);
      return this;
    }

    /** Divisor of the logits of tokens that occurred, in the prompt too; 1 for none. */
    public Builder repetitionPenalty(double penalty) {
      repetitionPenalty = Optional.of(penalty);
      return this;
    }

    @Override
    public Builder overrideWith(ChatRequestParameters parameters) {
      super.overrideWith(parameters);
      if (parameters instanceof LoraChatRequestParameters that) {
        seed = that.seed.or(() -> seed);
        minP = that.minP.or(() -> minP);
        repetitionPenalty = that.repetitionPenalty.or(() -> repetitionPenalty);
      }
      return this;
    }

    @Override
    public LoraChatRequestParameters build() {
      return new LoraChatRequestParameters(this);
    }
  }
}
