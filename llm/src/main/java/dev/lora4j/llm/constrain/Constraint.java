package dev.lora4j.llm.constrain;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lora4j.UserError;
import dev.lora4j.llm.constrain.grammar.Grammar;
import dev.lora4j.llm.constrain.grammar.GrammarBuilder;
import dev.lora4j.llm.constrain.grammar.TokenMasks;
import dev.lora4j.llm.constrain.schema.SchemaCompiler;
import dev.lora4j.llm.tokenizer.TokenBytes;
import dev.lora4j.llm.tokenizer.Tokenizer;
import java.util.Collection;
import java.util.Set;

/**
 * A constraint on the text of completions: a grammar, with its token masks for the vocabulary of a
 * tokenizer. Masks are cached, so a constraint is best kept for all completions that need it.
 * Thread-safe; usable after the tokenizer has been closed.
 */
public final class Constraint {
  private final TokenMasks masks;
  private final TokenBytes tokens;

  private Constraint(TokenMasks masks, TokenBytes tokens) {
    this.masks = masks;
    this.tokens = tokens;
  }

  /**
   * Any JSON object.
   *
   * @throws UserError if the tokenizer is neither byte-level nor SentencePiece
   */
  public static Constraint jsonObject(Tokenizer tokenizer) {
    GrammarBuilder builder = new GrammarBuilder();
    return of(
        tokenizer, builder.build(builder.call(SchemaCompiler.anyObject(builder), builder.end())));
  }

  /**
   * JSON that is valid for a schema.
   *
   * @param schema a schema of JSON Schema 2020-12; the documentation lists the keywords
   * @throws UserError naming the place in the schema that is wrong or not supported, or if the
   *     tokenizer is neither byte-level nor SentencePiece
   */
  public static Constraint jsonSchema(Tokenizer tokenizer, JsonNode schema) {
    GrammarBuilder builder = new GrammarBuilder();
    return of(
        tokenizer,
        builder.build(builder.call(SchemaCompiler.rule(builder, schema), builder.end())));
  }

  /** Texts of a grammar. */
  public static Constraint of(Tokenizer tokenizer, Grammar grammar) {
    return new Constraint(new TokenMasks(grammar, tokenizer.trie()), tokenizer.tokenBytes());
  }

  /**
   * Begins a completion.
   *
   * @param stopTokens the tokens that end it, which are allowed when its text is complete
   */
  public ConstrainedText begin(Collection<Long> stopTokens) {
    return new ConstrainedText(masks, tokens, Set.copyOf(stopTokens));
  }
}
