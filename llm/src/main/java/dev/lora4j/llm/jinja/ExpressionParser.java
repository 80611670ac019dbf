package dev.lora4j.llm.jinja;

import dev.lora4j.NearMiss;
import dev.lora4j.llm.jinja.Token.Kind;
import dev.lora4j.llm.jinja.builtin.Filters;
import dev.lora4j.llm.jinja.builtin.Lookups;
import dev.lora4j.llm.jinja.builtin.Operators;
import dev.lora4j.llm.jinja.builtin.Tests;
import dev.lora4j.llm.jinja.value.Arguments;
import dev.lora4j.llm.jinja.value.Callable;
import dev.lora4j.llm.jinja.value.Expression;
import dev.lora4j.llm.jinja.value.None;
import dev.lora4j.llm.jinja.value.RenderState;
import dev.lora4j.llm.jinja.value.TemplateError;
import dev.lora4j.llm.jinja.value.Undefined;
import dev.lora4j.llm.jinja.value.Values;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A recursive-descent parser for expressions, from the lowest precedence ({@code a if b else c}) to
 * the highest.
 */
final class ExpressionParser {
  private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");
  private static final List<Set<String>> ARITHMETIC =
      List.of(Set.of("+", "-"), Set.of("~"), Set.of("*", "/", "//", "%"), Set.of("**"));
  private static final Set<String> NOT_A_TEST_ARGUMENT =
      Set.of("and", "or", "not", "else", "if", "is", "in");
  private static final Expression ABSENT = run -> None.NONE;

  private final TokenCursor tokens;

  ExpressionParser(TokenCursor tokens) {
    this.tokens = tokens;
  }

  /** Parses an expression, or several separated by commas: a tuple. */
  Expression tuple() {
    Expression first = expression();
    if (!tokens.atOperator(",")) {
      return first;
    }
    List<Expression> all = new ArrayList<>(List.of(first));
    while (tokens.skipOperator(",") && startsExpression()) {
      all.add(expression());
    }
    return list(all);
  }

  private boolean startsExpression() {
    return !tokens.at(Kind.CLOSE_TAG) && !tokens.at(Kind.CLOSE_PRINT) && !tokens.atOperator(")");
  }

  Expression expression() {
    tokens.enter();
    Expression value = condition();
    tokens.leave();
    return value;
  }

  private Expression condition() {
    Expression value = withoutCondition();
    while (tokens.skipName("if")) {
      Expression then = value;
      Expression test = withoutCondition();
      Expression other =
          tokens.skipName("else") ? expression() : run -> new Undefined("an if without else");
      value = run -> Values.truth(run.value(test)) ? run.value(then) : run.value(other);
    }
    return value;
  }

  /** Parses an expression that stops before an {@code if}, as in {@code for x in y if z}. */
  Expression withoutCondition() {
    Expression value = conjunction();
    while (tokens.skipName("or")) {
      value = shortCircuit(value, true, conjunction());
    }
    return value;
  }

  private Expression conjunction() {
    Expression value = negation();
    while (tokens.skipName("and")) {
      value = shortCircuit(value, false, negation());
    }
    return value;
  }

  /** The left value if its truth decides the result, otherwise the right value. */
  private static Expression shortCircuit(Expression left, boolean decisive, Expression right) {
    return run -> {
      Object first = run.value(left);
      return Values.truth(first) == decisive ? first : run.value(right);
    };
  }

  private Expression negation() {
    if (tokens.skipName("not")) {
      tokens.enter();
      Expression value = negation();
      tokens.leave();
      return run -> !Values.truth(run.value(value));
    }
    return comparison();
  }

  private record Comparison(String operator, Expression right) {}

  /** Parses comparisons; {@code a < b < c} means {@code a < b and b < c}. */
  private Expression comparison() {
    Expression first = arithmetic(0);
    List<Comparison> chain = new ArrayList<>();
    while (true) {
      if (tokens.at(Kind.OPERATOR) && COMPARISONS.contains(tokens.peek().text())) {
        chain.add(new Comparison(tokens.take().text(), arithmetic(0)));
      } else if (tokens.skipName("in")) {
        chain.add(new Comparison("in", arithmetic(0)));
      } else if (tokens.atName("not") && tokens.peekSecond().is(Kind.NAME, "in")) {
        tokens.take();
        tokens.take();
        chain.add(new Comparison("not in", arithmetic(0)));
      } else {
        return chain.isEmpty() ? first : run -> holds(first, chain, run);
      }
    }
  }

  private static boolean holds(Expression first, List<Comparison> chain, RenderState run) {
    Object left = run.value(first);
    for (Comparison comparison : chain) {
      Object right = run.value(comparison.right());
      if (!Values.truth(Operators.apply(comparison.operator(), left, right, run))) {
        return false;
      }
      left = right;
    }
    return true;
  }

  /** Parses left-associative binary operators of one precedence level and all higher ones. */
  private Expression arithmetic(int level) {
    if (level == ARITHMETIC.size()) {
      return filtered(unary());
    }
    Expression value = arithmetic(level + 1);
    while (tokens.at(Kind.OPERATOR) && ARITHMETIC.get(level).contains(tokens.peek().text())) {
      value = binary(tokens.take().text(), value, arithmetic(level + 1));
    }
    return value;
  }

  private static Expression binary(String operator, Expression left, Expression right) {
    return run -> Operators.apply(operator, run.value(left), run.value(right), run);
  }

  private Expression unary() {
    boolean minus = tokens.atOperator("-");
    if (!minus && !tokens.atOperator("+")) {
      return postfix(primary());
    }
    tokens.take();
    tokens.enter();
    Expression value = unary();
    tokens.leave();
    return minus ? binary("-", run -> 0L, value) : value;
  }

  private Expression primary() {
    Token token = tokens.peek();
    return switch (token.kind()) {
      case NAME -> name(tokens.take().text());
      case STRING -> string();
      case INTEGER -> constant(integer(tokens.take()));
      case FLOAT -> constant(Double.parseDouble(tokens.take().text()));
      default -> bracketed();
    };
  }

  private Expression bracketed() {
    if (tokens.skipOperator("(")) {
      return parenthesis();
    } else if (tokens.skipOperator("[")) {
      return list(until("]"));
    } else if (tokens.skipOperator("{")) {
      return dictionary();
    }
    throw tokens.unexpected("expected an expression");
  }

  private static Expression constant(Object value) {
    return run -> value;
  }

  private static Expression name(String name) {
    return switch (name) {
      case "true", "True" -> constant(true);
      case "false", "False" -> constant(false);
      case "none", "None" -> constant(None.NONE);
      default -> run -> run.scope().get(name);
    };
  }

  /** Adjacent string literals are concatenated. */
  private Expression string() {
    StringBuilder text = new StringBuilder();
    while (tokens.at(Kind.STRING)) {
      text.append(tokens.take().text());
    }
    return constant(text.toString());
  }

  private static Long integer(Token token) {
    try {
      return Long.parseLong(token.text());
    } catch (NumberFormatException e) {
      throw TemplateError.at(token.line(), "number out of range: " + token.text());
    }
  }

  private Expression parenthesis() {
    if (tokens.skipOperator(")")) {
      return list(List.of());
    }
    Expression inside = tuple();
    tokens.expectOperator(")");
    return inside;
  }

  private List<Expression> until(String closing) {
    List<Expression> items = new ArrayList<>();
    tokens.items(closing, () -> items.add(expression()));
    return items;
  }

  private static Expression list(List<Expression> items) {
    return run -> {
      run.budget().elements(items.size());
      List<Object> values = new ArrayList<>(items.size());
      for (Expression item : items) {
        values.add(run.value(item));
      }
      Values.visit(values, run.budget());
      return values;
    };
  }

  private Expression dictionary() {
    Map<Expression, Expression> entries = new LinkedHashMap<>();
    tokens.items(
        "}",
        () -> {
          Expression key = expression();
          tokens.expectOperator(":");
          entries.put(key, expression());
        });
    return run -> {
      run.budget().elements(2L * entries.size());
      Map<Object, Object> map = new LinkedHashMap<>();
      entries.forEach((key, value) -> map.put(Values.key(run.value(key)), run.value(value)));
      Values.visit(map, run.budget());
      return map;
    };
  }

  private Expression postfix(Expression of) {
    Expression value = of;
    while (true) {
      Expression self = value;
      if (tokens.skipOperator(".")) {
        Token key = tokens.take();
        if (key.kind() == Kind.INTEGER) {
          Long index = integer(key);
          value = run -> Lookups.item(run.value(self), index, run.budget());
        } else {
          value = run -> Lookups.attribute(run.value(self), key.text());
        }
      } else if (tokens.skipOperator("[")) {
        value = subscript(self);
      } else if (tokens.atOperator("(")) {
        value = call(self, tokens.peek().line());
      } else {
        return value;
      }
    }
  }

  private Expression subscript(Expression self) {
    Expression from = tokens.atOperator(":") ? ABSENT : tuple();
    if (tokens.skipOperator("]")) {
      return run -> Lookups.item(run.value(self), run.value(from), run.budget());
    }
    tokens.expectOperator(":");
    Expression to = bound();
    Expression by = tokens.skipOperator(":") ? bound() : ABSENT;
    tokens.expectOperator("]");
    return run ->
        Lookups.slice(run.value(self), run.value(from), run.value(to), run.value(by), run);
  }

  private Expression bound() {
    return tokens.atOperator(":") || tokens.atOperator("]") ? ABSENT : expression();
  }

  private record Call(List<Expression> inOrder, Map<String, Expression> named) {
    Arguments in(RenderState run) {
      List<Object> values = new ArrayList<>(inOrder.size());
      inOrder.forEach(argument -> values.add(run.value(argument)));
      Map<String, Object> byName = new LinkedHashMap<>();
      named.forEach((name, argument) -> byName.put(name, run.value(argument)));
      return new Arguments(values, byName);
    }
  }

  private Call arguments() {
    List<Expression> inOrder = new ArrayList<>();
    Map<String, Expression> named = new LinkedHashMap<>();
    tokens.expectOperator("(");
    tokens.items(
        ")",
        () -> {
          if (tokens.at(Kind.NAME) && tokens.peekSecond().is(Kind.OPERATOR, "=")) {
            String name = tokens.name();
            tokens.take();
            named.put(name, expression());
          } else {
            inOrder.add(expression());
          }
        });
    return new Call(inOrder, named);
  }

  private Expression call(Expression function, int line) {
    Call call = arguments();
    return run -> {
      Object target = run.value(function);
      if (target instanceof Callable callable) {
        return callable.call(run, call.in(run));
      }
      throw TemplateError.at(line, Values.named(target) + " is not callable");
    };
  }

  private Expression filtered(Expression of) {
    Expression value = of;
    while (true) {
      if (tokens.skipOperator("|")) {
        value = filter(value);
      } else if (tokens.skipName("is")) {
        value = test(value);
      } else if (tokens.atOperator("(")) {
        value = call(value, tokens.peek().line());
      } else {
        return value;
      }
    }
  }

  Expression filter(Expression value) {
    int line = tokens.peek().line();
    String name = tokens.name();
    Filters.Filter filter =
        Filters.find(name)
            .orElseThrow(
                () ->
                    TemplateError.at(
                        line,
                        "unknown filter " + name + NearMiss.suggestion(name, Filters.names())));
    Call call = tokens.atOperator("(") ? arguments() : new Call(List.of(), Map.of());
    return run -> {
      Object input = run.value(value);
      return filter.apply(input, call.in(run), run);
    };
  }

  private Expression test(Expression value) {
    boolean wanted = !tokens.skipName("not");
    Tests.Test test = Tests.required(tokens.name());
    Call call = new Call(List.of(), Map.of());
    if (tokens.atOperator("(")) {
      call = arguments();
    } else if (startsTestArgument()) {
      call = new Call(List.of(postfix(primary())), Map.of());
    }
    Call given = call;
    return run -> test.holds(run.value(value), given.in(run), run.budget()) == wanted;
  }

  private boolean startsTestArgument() {
    return switch (tokens.peek().kind()) {
      case STRING, INTEGER, FLOAT -> true;
      case NAME -> !NOT_A_TEST_ARGUMENT.contains(tokens.peek().text());
      default -> tokens.atOperator("[") || tokens.atOperator("{");
    };
  }
}
