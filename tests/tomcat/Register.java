package be.register;

import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;

/** A small application that knows people by its own session, and reads who they are when that begins. */
public class Register extends HttpServlet {
    @Override
    protected void service(HttpServletRequest request, HttpServletResponse response)
            throws ServletException, IOException {
        HttpSession session = request.getSession();
        if (session.isNew()) {
            session.setAttribute("user", String.valueOf(request.getHeader("X-Forwarded-User")));
        }
        if ("/naar".equals(request.getPathInfo())) {
            response.sendRedirect(response.encodeRedirectURL(request.getContextPath() + "/lijst"));
            return;
        }
        response.setContentType("text/plain;charset=UTF-8");
        PrintWriter out = response.getWriter();
        if ("/knoppen".equals(request.getPathInfo())) {
            Buttons buttons = new Buttons(request.getParameter("point"), Path.of(request.getParameter("token")));
            List<String> wishes = List.of(request.getParameterValues("wish"));
            buttons.reasons(request, wishes).forEach((wish, reason) -> out.println(wish + ": " + reason));
            return;
        }
        out.println("session " + session.getId());
        out.println("user " + session.getAttribute("user"));
        out.println("principal " + request.getRemoteUser());
        out.println("submitter " + request.isUserInRole("OVAMGebruiker-NonConformiteitenIndiener:0428315871"));
        out.println("stranger " + request.isUserInRole("OVAMGebruiker-NonConformiteitenLezer:0428315871"));
        out.println("address " + request.getRemoteAddr());
        out.println("scheme " + request.getScheme() + " " + request.isSecure());
        out.println("link " + response.encodeURL("lijst"));
    }
}
