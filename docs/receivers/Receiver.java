import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

/**
 * Takes Linli's webhooks with Java's standard library (17 or later): verifies each, handles it once, says what is
 * missing.
 *
 * <pre>WEBHOOK_SECRET="whsec_..." PORT=8099 java Receiver.java</pre>
 *
 * Two secrets with a space between are both good.
 */
public final class Receiver {
    private static final int LIMIT = 1024 * 1024; // bytes of a body
    private static final int TOLERANCE = 300; // seconds that the clocks may differ, and that a webhook may be old
    private static final int REMEMBERED = 100_000; // ids; keep them with your data, so that they outlive this process

    private static final List<byte[]> keys = new ArrayList<>();
    private static final Set<String> seen = new LinkedHashSet<>();
    private static long highest = 0;

    /** Store it, and return: answered with 2xx, it is yours. What takes long is for afterwards. */
    private static void handle(String event) {
        say(event.replaceAll("[\r\n]+", " "));
    }

    private static void say(String line) {
        byte[] bytes = (line + "\n").getBytes(UTF_8);
        System.out.write(bytes, 0, bytes.length);
        System.out.flush();
    }

    /** The id of a webhook that was signed with one of the keys less than five minutes ago; null of any other. */
    private static String verified(Headers headers, byte[] body) throws GeneralSecurityException {
        String id = headers.getFirst("webhook-id");
        String timestamp = headers.getFirst("webhook-timestamp");
        String signatures = headers.getFirst("webhook-signature");
        if (id == null || id.isEmpty() || signatures == null) return null;
        if (timestamp == null || !timestamp.matches("[0-9]{1,12}")) return null;
        if (Math.abs(Instant.now().getEpochSecond() - Long.parseLong(timestamp)) > TOLERANCE) return null;
        for (byte[] key : keys) {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            mac.update((id + "." + timestamp + ".").getBytes(ISO_8859_1));
            byte[] good = ("v1," + Base64.getEncoder().encodeToString(mac.doFinal(body))).getBytes(ISO_8859_1);
            for (String given : signatures.split(" ")) {
                if (MessageDigest.isEqual(good, given.getBytes(ISO_8859_1))) return id;
            }
        }
        return null;
    }

    /** Handle it unless that was done; only what was handled is remembered. */
    private static synchronized void take(String id, String event) {
        if (seen.contains(id)) return;
        long number = number(event, "unitsequence");
        if (highest > 0 && number > highest + 1) {
            say("{\"gap\":{\"from\":" + (highest + 1) + ",\"to\":" + (number - 1) + "}}");
        }
        handle(event);
        highest = Math.max(highest, number);
        seen.add(id);
        if (seen.size() > REMEMBERED) seen.remove(seen.iterator().next());
    }

    /** A number that the object itself has, not one within it; 0 if none. A JSON library of yours does this for you. */
    private static long number(String json, String name) {
        int depth = 0;
        for (int at = 0; at < json.length(); at++) {
            char c = json.charAt(at);
            if (c == '{' || c == '[') depth++;
            if (c == '}' || c == ']') depth--;
            if (c != '"') continue;
            int end = at + 1;
            while (json.charAt(end) != '"') end += json.charAt(end) == '\\' ? 2 : 1;
            Matcher value = NUMBER.matcher(json).region(end + 1, json.length());
            if (depth == 1 && json.substring(at + 1, end).equals(name) && value.lookingAt()) {
                return Long.parseLong(value.group(1));
            }
            at = end;
        }
        return 0;
    }

    private static final Pattern NUMBER = Pattern.compile("\\s*:\\s*(\\d{1,18})");

    private static int status(HttpExchange exchange) throws IOException, GeneralSecurityException {
        if (!exchange.getRequestMethod().equals("POST")) return 405;
        byte[] body = exchange.getRequestBody().readNBytes(LIMIT + 1);
        if (body.length > LIMIT) return 413;
        String id = verified(exchange.getRequestHeaders(), body);
        if (id == null) return 401;
        take(id, new String(body, UTF_8));
        return 204;
    }

    private static void answer(HttpExchange exchange) throws IOException {
        int status = 500;
        try {
            status = status(exchange);
        } catch (GeneralSecurityException | RuntimeException error) {
            System.err.println(error);
        }
        exchange.sendResponseHeaders(status, -1);
        exchange.close();
    }

    public static void main(String[] arguments) throws IOException {
        for (String secret : System.getenv().getOrDefault("WEBHOOK_SECRET", "").split("\\s+")) {
            if (secret.isEmpty()) continue;
            byte[] key = Base64.getDecoder().decode(secret.replaceFirst("^whsec_", ""));
            if (key.length < 24) throw new IllegalArgumentException("WEBHOOK_SECRET holds what is no secret");
            keys.add(key);
        }
        System.setProperty("sun.net.httpserver.maxReqTime", "10"); // seconds until a request must be there
        int port = Integer.parseInt(System.getenv().getOrDefault("PORT", "8099"));
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
        server.setExecutor(Executors.newFixedThreadPool(16));
        server.createContext("/", Receiver::answer);
        server.start();
    }
}
