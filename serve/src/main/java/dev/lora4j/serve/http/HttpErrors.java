package dev.lora4j.serve.http;

import java.nio.ByteBuffer;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/** Answers requests that are not valid HTTP in OpenAI's form too. */
public final class HttpErrors extends ErrorHandler {
  private static final int SERVER_ERROR = 500;

  @Override
  public boolean errorPageForMethod(String method) {
    return true;
  }

  @Override
  protected void generateResponse(
      Request request,
      Response response,
      int code,
      @Nullable String message,
      @Nullable Throwable cause,
      Callback callback) {
    response.getHeaders().put(HttpHeader.CONTENT_TYPE, "application/json");
    String type = code >= SERVER_ERROR ? "server_error" : "invalid_request_error";
    boolean shown = code < SERVER_ERROR && message != null; // others may name the server's paths
    String text = shown ? String.valueOf(message) : "HTTP status " + code;
    response.write(
        true, ByteBuffer.wrap(Json.bytes(new ErrorBody(text, type, null, null).json())), callback);
  }
}
