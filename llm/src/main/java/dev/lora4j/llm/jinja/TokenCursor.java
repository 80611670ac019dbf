package dev.lora4j.llm.jinja;

import dev.lora4j.llm.jinja.Token.Kind;
import dev.lora4j.llm.jinja.value.TemplateError;
import java.util.List;

/** A cursor over tokens. */
final class TokenCursor {
  private static final int DEPTH = 100;

  private final List<Token> tokens;
  private int next;
  private int depth;

  TokenCursor(List<Token> tokens) {
    this.tokens = tokens;
  }

  /** Enters a block or an expression inside another; an error ends the parsing. */
  void enter() {
    if (++depth > DEPTH) {
      throw TemplateError.at(
          peek().line(),
          "the template nests too deeply: more than %d levels, the limit".formatted(DEPTH));
    }
  }

  /** Leaves the block or expression of the last {@link #enter}. */
  void leave() {
    depth--;
  }

  Token peek() {
    return tokens.get(next);
  }

  Token peekSecond() {
    return tokens.get(Math.min(next + 1, tokens.size() - 1));
  }

  Token take() {
    Token token = tokens.get(next);
    if (token.kind() != Kind.END) {
      next++;
    }
    return token;
  }

  boolean at(Kind kind) {
    return peek().kind() == kind;
  }

  boolean atOperator(String operator) {
    return peek().is(Kind.OPERATOR, operator);
  }

  boolean atName(String name) {
    return peek().is(Kind.NAME, name);
  }

  /** Consumes the operator if it is next. */
  boolean skipOperator(String operator) {
    return skip(Kind.OPERATOR, operator);
  }

  /** Consumes the name if it is next. */
  boolean skipName(String name) {
    return skip(Kind.NAME, name);
  }

  private boolean skip(Kind kind, String text) {
    boolean next = peek().is(kind, text);
    if (next) {
      take();
    }
    return next;
  }

  /** Reads items that are separated by commas, up to the closing operator. */
  void items(String closing, Runnable item) {
    while (!skipOperator(closing)) {
      item.run();
      if (!atOperator(closing)) {
        expectOperator(",");
      }
    }
  }

  void expectOperator(String operator) {
    if (!skipOperator(operator)) {
      throw unexpected("expected " + operator);
    }
  }

  void expectName(String name) {
    if (!skipName(name)) {
      throw unexpected("expected " + name);
    }
  }

  String name() {
    return expect(Kind.NAME).text();
  }

  Token expect(Kind kind) {
    if (!at(kind)) {
      throw unexpected("expected " + kind);
    }
    return take();
  }

  TemplateError unexpected(String problem) {
    Token token = peek();
    String found = token.text().isEmpty() ? token.kind().toString() : token.text();
    return TemplateError.at(token.line(), problem + ", found " + found);
  }
}
