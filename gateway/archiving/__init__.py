"""Copies of faxes at their places: FTP, FTPS and SFTP servers, and who we are to them."""
