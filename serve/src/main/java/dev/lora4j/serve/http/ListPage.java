package dev.lora4j.serve.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.function.Function;

/**
 * A page of a list, chosen by the query's {@code limit} and {@code after}.
 *
 * @param more whether elements follow
 */
public record ListPage<T>(List<T> elements, boolean more, Function<T, String> id) {

  /**
   * Chooses the page.
   *
   * @param otherwise the limit unless the query has one
   * @param most the largest limit
   */
  public static <T> ListPage<T> of(
      Exchange exchange, long otherwise, long most, List<T> all, Function<T, String> id) {
    long limit = limit(exchange, otherwise, most);
    int from = exchange.query("after").map(after -> indexAfter(after, all, id)).orElse(0);
    int to = (int) Math.min(all.size(), from + limit);
    return new ListPage<>(all.subList(from, to), to < all.size(), id);
  }

  /** Reads the largest number of elements, which must not exceed {@code most}. */
  public static long limit(Exchange exchange, long otherwise, long most) {
    return exchange.given("limit").map(text -> limit(text, most)).orElse(otherwise);
  }

  private static long limit(String text, long most) {
    try {
      long limit = Long.parseLong(text);
      if (limit >= 1 && limit <= most) {
        return limit;
      }
    } catch (NumberFormatException e) { // refused below
    }
    throw ApiException.invalid(
        "limit", "limit must be an integer between 1 and %d, found %s".formatted(most, text));
  }

  private static <T> int indexAfter(String after, List<T> all, Function<T, String> id) {
    for (int i = 0; i < all.size(); i++) {
      if (id.apply(all.get(i)).equals(after)) {
        return i + 1;
      }
    }
    throw new ApiException(
        404,
        "invalid_request_error",
        "after: nothing in the list has the id " + after,
        "after",
        null);
  }

  public ObjectNode json(Function<T, ? extends ObjectNode> shape) {
    ObjectNode json = Json.object().put("object", "list");
    ArrayNode data = json.putArray("data");
    elements.forEach(element -> data.add(shape.apply(element)));
    json.put("has_more", more);
    json.put("first_id", elements.isEmpty() ? null : id.apply(elements.get(0)));
    json.put("last_id", elements.isEmpty() ? null : id.apply(elements.get(elements.size() - 1)));
    return json;
  }
}
